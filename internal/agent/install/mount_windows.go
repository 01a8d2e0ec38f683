package install

// isMount reports whether another file system begins at dir. Windows mounts
// them at links, which are no folders here.
func isMount(string) bool { return false }
