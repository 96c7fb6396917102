package settlement

import (
	"slices"
	"strconv"

	"github.com/forgepool/settle/codec"
)

// labelled maps the labels that charges are counted under to their dimensions.
var labelled = [...]struct {
	label     string
	dimension Dimension
}{
	{"project", ByProject}, {"workspace", ByWorkspace}, {"scope", ByScope}, {"organization", ByOrganization},
}

// Scopes returns what the charge of a settlement counts under for its customer: its
// class, and the labels that were opened; each scope once.
func Scopes(cycle uint64, customer codec.ID, class uint64, labels []codec.Label) []Scope {
	return appendScopes(nil, cycle, customer, class, labels)
}

// appendScopes is Scopes into room that the caller has; the list must be empty.
func appendScopes(scopes []Scope, cycle uint64, customer codec.ID, class uint64, labels []codec.Label) []Scope {
	scopes = append(scopes, Scope{cycle, customer, ByClass, strconv.FormatUint(class, 10)})
	for i := range labels {
		for _, l := range labelled {
			scope := Scope{cycle, customer, l.dimension, labels[i].Value}
			if l.label == labels[i].Label && !slices.Contains(scopes, scope) {
				scopes = append(scopes, scope)
			}
		}
	}
	return scopes
}
