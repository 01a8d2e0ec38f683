package engine

// IgnoringLeases is a fault: an engine that advances what belongs to others.
func IgnoringLeases(o Options) Options {
	o.ignoreLeases = true
	return o
}
