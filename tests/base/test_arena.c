/* test_arena.c - memory given back all at once. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"

Test(arena, memory_is_zeroed_aligned_and_apart)
{
	struct arena arena = {0};
	unsigned char *last = NULL;
	size_t last_size = 0;

	for (size_t size = 0; size < 600; size++) {
		unsigned char *memory = arena_alloc(&arena, size);
		cr_assert(memory);
		cr_assert_eq((uintptr_t)memory % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			cr_assert_eq(memory[i], 0);
		memset(memory, 0xaa, size);
		for (size_t i = 0; i < last_size; i++)
			cr_assert_eq(last[i], 0xaa);
		last = memory;
		last_size = size;
	}
	arena_release(&arena);
	cr_expect_null(arena.blocks);
}

Test(arena, big_pieces_leave_the_small_ones_room)
{
	struct arena arena = {0};
	char *first = arena_alloc(&arena, 100000);
	char *small = arena_alloc(&arena, 16);
	char *big = arena_alloc(&arena, 1 << 20);
	char *next = arena_alloc(&arena, 16);

	cr_assert(first && small && big && next);
	memset(big, 1, 1 << 20);
	cr_expect_eq(next - small, 16, "the big piece wasted the small ones' block");
	arena_release(&arena);
}

Test(arena, impossible_sizes_are_refused)
{
	struct arena arena = {0};

	cr_expect_null(arena_alloc(&arena, SIZE_MAX));
	cr_expect_null(arena_alloc(&arena, SIZE_MAX - 20));
	cr_expect_null(arena_alloc(&arena, SIZE_MAX - 64));
	cr_expect_null(arena_copy(&arena, "", SIZE_MAX));
	arena_release(&arena);
}

Test(arena, copies_end_in_nul)
{
	struct arena arena = {0};

	cr_expect_str_eq(arena_copy(&arena, "abcdef", 3), "abc");
	cr_expect_str_eq(arena_copy(&arena, NULL, 0), "");
	cr_expect_str_eq(arena_text(&arena, "text"), "text");
	cr_expect_str_eq(arena_format(&arena, "%s-%d", "n", 5), "n-5");
	for (int width = 254; width < 259; width++) {
		const char *wide = arena_format(&arena, "%*d", width, 7);
		cr_expect_eq(strlen(wide), (size_t)width);
		cr_expect_eq(wide[width - 1], '7');
	}
	arena_release(&arena);
	cr_expect_str_eq(arena_text(&arena, "again"), "again");
	arena_release(&arena);
}
