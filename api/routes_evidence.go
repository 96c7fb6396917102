package api

import "context"

func getPartyPath(ctx context.Context, s Service, q *query) (*SumPath, error) {
	party, cycle := q.id("party"), q.needed("cycle")
	return answer(q, func() (*SumPath, error) { return s.PartyPath(ctx, party, cycle) })
}

func getJournalPath(ctx context.Context, s Service, q *query) (*SumPath, error) {
	index := q.needed("index")
	return answer(q, func() (*SumPath, error) { return s.JournalPath(ctx, index) })
}

func getAbsence(ctx context.Context, s Service, q *query) (*Absence, error) {
	hash, index := q.hash("hash"), q.needed("index")
	return answer(q, func() (*Absence, error) { return s.Absence(ctx, hash, index) })
}
