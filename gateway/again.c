/*
 * again.c - POST /v1/submissions/{id}/retry: an operator has a submission tried again that is recorded as failed.
 *
 * Request threads. nginx lets nobody else ask for it. Its way back is that of a new submission: the committer writes it
 * into pending, and only then is it answered; the dispatcher sends it, the worker's result takes the place of the
 * failure.
 */
#include "handlers.h"

#include "committer.h"
#include "problem.h"

zp_handled zp_try_again(zp_desk *desk, zp_request *request, const zp_id *id)
{
    zp_status status;
    zp_rc rc = zp_load_status(desk, id, request->arena, &status);
    if (rc == ZP_NOTFOUND)
        return zp_no_such_submission(desk, request, id);
    if (!rc && status.state != ZP_FAILED)
        return zp_problem(request, 409, "NOT_FAILED", "Only what is recorded as failed can be tried again.",
                          "只有评分失败的自评表可以重新评分。", NULL);
    if (rc)
        return zp_problem_store(desk->gateway, request, rc);
    request->put.again = true;
    request->put.id = *id;
    zp_committer_submit(desk->gateway->committer, request);
    return ZP_WAIT_COMMIT;
}

zp_handled zp_answer_again(zp_desk *desk, zp_request *request)
{
    zp_status status;
    zp_rc rc = zp_load_status(desk, &request->put.id, request->arena, &status);
    if (rc)
        return zp_problem_store(desk->gateway, request, rc);
    zp_header_location(request, &request->put.id);
    return zp_answer_status(desk, request, 202, &status);
}
