package api

import (
	"net/url"
	"strconv"
)

// pageXML is the end of every list.
type pageXML struct {
	IsTruncated bool
	Marker      *string
}

// page reads one page of a list that list returns in the order of what key
// says of its items. filter is what else selects them.
func page[T any](p Pager, call *Call, form url.Values, filter any,
	list func(after string, limit int) ([]T, error), key func(T) string,
) ([]T, pageXML, error) {
	limit, err := maxItems(form)
	if err != nil {
		return nil, pageXML{}, err
	}
	after, err := p.After(call, filter, new(form.Get("Marker")))
	if err != nil {
		return nil, pageXML{}, invalid("Invalid Marker.")
	}
	items, err := list(after, limit+1)
	if err != nil || len(items) <= limit {
		return items, pageXML{}, err
	}
	items = items[:limit]
	return items, pageXML{true, new(p.Token(call, filter, key(items[limit-1])))}, nil
}

// pageOf is page of a list that is read whole, in the order of its keys.
func pageOf[T any](p Pager, call *Call, form url.Values, filter any, all []T, key func(T) string) ([]T, pageXML, error) {
	return page(p, call, form, filter, func(after string, limit int) ([]T, error) {
		var rest []T
		for _, item := range all {
			if key(item) > after && len(rest) < limit {
				rest = append(rest, item)
			}
		}
		return rest, nil
	}, key)
}

func self(s string) string { return s }

// maxItems is the page size a caller may choose, 1 to 1000.
func maxItems(form url.Values) (int, error) {
	text := form.Get("MaxItems")
	if text == "" {
		return PageSize, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 1000 {
		return 0, invalid("maxItems must be a number from 1 to 1000.")
	}
	return n, nil
}
