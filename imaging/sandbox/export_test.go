package sandbox

// RestrictAccess and FilterCalls are the two parts alone, so that a test sees what each forbids.
var (
	RestrictAccess = restrictAccess
	FilterCalls    = filterCalls
)
