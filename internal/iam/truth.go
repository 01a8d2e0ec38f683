package iam

// truth is what a part of a statement comes to. What this server cannot know,
// such as the value of another service's condition key, is undecided, and
// counts against the caller: an undecided permission does not allow, an
// undecided denial denies.
type truth int

const (
	no truth = iota
	undecided
	yes
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// all is no before undecided before yes; of nothing it is yes.
func all[T any](list []T, f func(T) truth) truth {
	result := yes
	for _, v := range list {
		if result = min(result, f(v)); result == no {
			break
		}
	}
	return result
}

// some is yes before undecided before no; of nothing it is no.
func some[T any](list []T, f func(T) truth) truth {
	result := no
	for _, v := range list {
		if result = max(result, f(v)); result == yes {
			break
		}
	}
	return result
}

func (t truth) not() truth { return yes - t }
