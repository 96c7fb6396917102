package settlement

import "github.com/forgepool/settle/codec"

// Naming is that a record names a blob (check A7 of docs/formats/records.md section 3)
// which the ledger keeps as an attachment only. Sealed values that an accepted record
// names are opened, so the state keeps them; they are not among the namings.
type Naming struct {
	Hash  codec.Hash
	Until uint64 // retain_until of a settlement, ms; 0: another record
}

// AppendNamings appends the blobs that a prepared record without a fault names.
func (r *PreparedRecord) AppendNamings(list []Naming) []Naming {
	switch r.Kind {
	case codec.KindSettlement:
		return appendNamings(list, &r.Settlement.Body)
	case codec.KindPolicy:
		return appendNamings(list, &r.Policy.Body)
	case codec.KindDispute:
		return appendNamings(list, &r.Dispute.Body)
	case codec.KindAdjustment:
		return appendNamings(list, &r.Adjustment.Body)
	case codec.KindAudit:
		return appendNamings(list, &r.Audit.Body)
	default: // what events and party records name is opened
		return list
	}
}

// Namings returns the blobs that a record of the log names.
func (l *Logged) Namings() []Naming {
	_, body := decodeLogged(l)
	return appendNamings(nil, body)
}

func appendNamings(list []Naming, body codec.Body) []Naming {
	switch b := body.(type) {
	case *codec.Settlement:
		return append(list, Naming{b.Shards.Blob, b.RetainUntil}, Naming{b.Detail, b.RetainUntil})
	case *codec.Policy:
		for _, hash := range appendCode(nil, b) {
			list = append(list, Naming{Hash: hash})
		}
	case *codec.Dispute:
		if b.Evidence != nil {
			for i := range *b.Evidence {
				list = append(list, Naming{Hash: (*b.Evidence)[i].Hash})
			}
		}
	case *codec.Adjustment:
		list = append(list, Naming{Hash: b.Detail})
	case *codec.Audit:
		if b.Items != nil {
			list = append(list, Naming{Hash: *b.Items})
		}
	}
	return list
}

// Code returns the hashes of the modules that the policy allows.
func (p *Policy) Code() []codec.Hash { return appendCode(nil, p.Body) }

func appendCode(list []codec.Hash, b *codec.Policy) []codec.Hash {
	for i := range b.Programs {
		if hash, ok := programCode(&b.Programs[i]); ok {
			list = append(list, hash)
		}
	}
	return list
}
