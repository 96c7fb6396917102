package replay

import "testing"

// VectorTask is a shard of the vectors, for tests from outside.
type VectorTask struct {
	Name, Family string
	Task         Task
	Output       [32]byte // its BLAKE3
	Units        uint64
}

// VectorTasks returns the good shards of all families, inputs made.
func VectorTasks(t testing.TB) (tasks []VectorTask) {
	v := loadVectors(t)
	for i := range v.Cases {
		c := &v.Cases[i]
		tasks = append(tasks, VectorTask{Name: c.Name, Family: c.Family, Output: c.OutputBlake3, Units: c.Units,
			Task: Task{Seed: v.Seed, Args: c.Args, Input: c.Input.load(t)}})
	}
	return tasks
}
