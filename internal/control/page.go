package control

// Page is one page of a list. Next is the key to ask for the page behind it,
// empty on the last one.
type Page struct {
	Items []string
	Next  string
}

// pageOf makes a page of names that were read with one more than the limit,
// which is how one knows that there are more.
func pageOf(names []string, limit int) Page {
	if len(names) <= limit {
		return Page{Items: names}
	}
	names = names[:limit]
	return Page{Items: names, Next: names[limit-1]}
}
