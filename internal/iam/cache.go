package iam

import "sync"

// Cache keeps parsed policies by their text, so that a call costs no parsing.
// The zero value is ready for use, from any goroutine.
type Cache struct {
	mu       sync.RWMutex
	policies map[string]*Policy
}

// maxCached bounds the cache. Whoever has more policies than that parses them
// again now and then.
const maxCached = 2000

// Parse is [ParsePolicy], the second time for nothing.
func (c *Cache) Parse(document string) (*Policy, error) {
	c.mu.RLock()
	p := c.policies[document]
	c.mu.RUnlock()
	if p != nil {
		return p, nil
	}
	p, err := ParsePolicy(document)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.policies == nil || len(c.policies) >= maxCached {
		c.policies = map[string]*Policy{}
	}
	c.policies[document] = p
	return p, nil
}
