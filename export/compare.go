package export

import "strconv"

// Difference is one value that a list has otherwise than the log.
type Difference struct {
	Field   string `json:"field"`
	Listed  string `json:"listed"`
	Settled string `json:"settled"`
}

// Compare returns where a listed item differs from the settlement of its workload. An
// optional column counts where both have it.
func Compare(listed, settled *Item) []Difference {
	var d []Difference
	number := func(name string, a, b uint64) {
		if a != b {
			d = append(d, Difference{name, strconv.FormatUint(a, 10), strconv.FormatUint(b, 10)})
		}
	}
	both := listed.Has & settled.Has
	number("charge", listed.Charge, settled.Charge)
	if both&HasRecord != 0 && listed.Record != settled.Record {
		d = append(d, Difference{"record", listed.Record.String(), settled.Record.String()})
	}
	if both&HasCustomer != 0 && listed.Customer != settled.Customer {
		d = append(d, Difference{"customer", listed.Customer.String(), settled.Customer.String()})
	}
	if both&HasFinalized != 0 {
		number("finalized", listed.Finalized, settled.Finalized)
	}
	if both&HasCycle != 0 {
		number("cycle", listed.Cycle, settled.Cycle)
	}
	return d
}
