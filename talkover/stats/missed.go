package stats

// Only narrows a search by what other calls say.
type Only string

// What a search may be narrowed to.
const (
	OnlyNeverCalledBack Only = "never_called_back" // missed calls with no later call with that number up to now
	OnlyNotReached      Only = "not_reached"       // missed calls with later calls, of which none was answered
	OnlyUnreturned      Only = "unreturned"        // both
	OnlyRepeat          Only = "repeat_contacts"   // calls with numbers that have two calls or more of the search
)
