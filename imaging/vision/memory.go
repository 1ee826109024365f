//go:build vision

package vision

/*
#include <malloc.h>

// One arena, else every thread that Go moves a check to keeps its own free
// megabytes; and blocks come from it, since mapping each tensor on its own costs
// half of the time in page faults.
static void one_arena(void) {
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, 12 << 20);
	mallopt(M_TRIM_THRESHOLD, 256 << 20);
}
*/
import "C"

// oneArena sets the C allocator up. It is glibc's, as on the systems we support.
func oneArena() { C.one_arena() }

// returnMemory gives back what a check has freed, so that idle workers stay small.
func returnMemory() { C.malloc_trim(0) }
