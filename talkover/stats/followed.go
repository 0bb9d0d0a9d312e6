package stats

// followed are figures that follow from other calls with the same numbers.
type followed struct {
	withheld        int // calls with a withheld number
	neverCalledBack int // missed calls with no later call with that number
	notReached      int // missed calls with later calls, of which none was answered
	withheldMissed  int // missed calls with a withheld number
	contacts        int // distinct numbers, where they were asked for
	repeat          int // of them, with two calls or more
}

func (f *followed) merge(o followed) {
	f.withheld += o.withheld
	f.neverCalledBack += o.neverCalledBack
	f.notReached += o.notReached
	f.withheldMissed += o.withheldMissed
}

// take takes in so many calls with one number.
func (f *followed) take(withheld bool, calls int) {
	switch {
	case withheld:
		f.withheld += calls
	case calls > 1:
		f.contacts++
		f.repeat++
	case calls > 0:
		f.contacts++
	}
}
