package store

// Repeats returns how many transactions had to be run again.
func Repeats(s *Store) int64 { return s.repeats.Load() }
