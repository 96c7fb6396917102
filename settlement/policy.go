package settlement

import (
	"fmt"

	"github.com/forgepool/settle/codec"
)

// Policy is a policy record ready for use.
type Policy struct {
	Body      *codec.Policy
	Bytes     []byte // canonical body, as it stands in the record
	Hash      codec.Hash
	Index     uint64 // of the record
	Discounts map[codec.ID]uint64
}

// NewPolicy prepares the policy whose body is given; discounts is the opened blob of
// key 16, nil if the policy has none.
func NewPolicy(body, discounts []byte, index uint64) (*Policy, error) {
	p := &Policy{Body: new(codec.Policy), Bytes: body, Hash: codec.BlobHash(body), Index: index}
	if err := codec.Decode(body, p.Body); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	if p.Body.Discounts == nil {
		return p, nil
	}
	rows, err := codec.Unseal[[]codec.Discount](discounts)
	if err != nil {
		return nil, fmt.Errorf("discounts: %w", err)
	}
	p.Discounts = make(map[codec.ID]uint64, len(rows))
	for _, row := range rows {
		p.Discounts[row.Customer] = row.PPM
	}
	return p, nil
}
