/* test_problem.c - how an operation ended decides the status that is answered. */
#include <criterion/criterion.h>

#include "api/server.h"

Test(problem, every_outcome_has_its_status)
{
	cr_assert_eq(status_of_outcome(BERTH_OK), 200);
	cr_assert_eq(status_of_outcome(BERTH_USAGE), 400);
	cr_assert_eq(status_of_outcome(BERTH_INVALID), 422);
	cr_assert_eq(status_of_outcome(BERTH_LOCKED), 409);
	cr_assert_eq(status_of_outcome(BERTH_UNREACHABLE), 502);
	cr_assert_eq(status_of_outcome(BERTH_DENIED), 502);
	cr_assert_eq(status_of_outcome(BERTH_TIMED_OUT), 504);
	cr_assert_eq(status_of_outcome(BERTH_FAILED), 500);
}

Test(problem, what_the_document_says_is_finer)
{
	cr_assert_eq(status_of_code("missing", BERTH_FAILED), 404);
	cr_assert_eq(status_of_code("missing", BERTH_USAGE), 404);
	cr_assert_eq(status_of_code("conflict", BERTH_FAILED), 409);
	cr_assert_eq(status_of_code("no-memory", BERTH_FAILED), 503);
	cr_assert_eq(status_of_code("missing", BERTH_UNREACHABLE), 502);
	cr_assert_eq(status_of_code(NULL, BERTH_FAILED), 500);
}
