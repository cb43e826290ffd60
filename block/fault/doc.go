// Package fault is a layer of the same shape as a pool that fails, delays and
// counts calls as a plan says, for tests of those who use pools.
//
// A test that is to survive every failure runs with a plan that fails call 1,
// then 2, and so on, until a run comes in which the plan found nothing to fail:
//
//	for n := 1; ; n++ {
//		plan := fault.NewPlan(fault.Rule{Nth: n, Err: syscall.EIO})
//		flow(fault.New(pool, plan))
//		if plan.Fired() == 0 {
//			break
//		}
//	}
//
// It has no part in what spliced does outside tests.
package fault
