package schema

// WindowsZones returns the table, for its test.
func WindowsZones() string { return windowsZones }
