package export

import (
	"fmt"

	"github.com/forgepool/settle/codec"
)

// named returns the name with a number, or the number itself.
func named(names []string, n uint64, what string) string {
	if n < uint64(len(names)) && names[n] != "" {
		return names[n]
	}
	return fmt.Sprintf("%s %d", what, n)
}

func className(n uint64) string {
	return named([]string{"", "simulation", "graph", "media", "search", "aggregation", "memory"}, n, "class")
}

func componentName(n uint64) string {
	return named([]string{"", "executed volume", "verified iterations", "aggregation", "artifact", "retention", "specialised class", "reserved guarantee"}, n, "component")
}

func unitName(n uint64) string { return named([]string{"", "Work Units"}, n, "Unit") }

func causeName(c codec.Cause) string {
	return named([]string{"", "dispute", "audit", "billing error", "goodwill", "carry forward", "penalty"}, uint64(c), "cause")
}
