/*
 * archived.c - what is said of submissions, seasons and events that have gone to an archive. Request threads.
 *
 * Seasons are archived while the service is stopped, so nothing here changes under a request.
 */
#include "handlers.h"

#include "problem.h"

#include <inttypes.h>

static zp_handled out_of_memory(zp_desk *desk, zp_request *request)
{
    return zp_problem_store(desk->gateway, request, ZP_NOMEM);
}

zp_handled zp_no_such_submission(zp_desk *desk, zp_request *request, const zp_id *id)
{
    int year;
    zp_rc rc = zp_intake_archived(desk->intake, id, &year);
    if (rc == ZP_NOTFOUND)
        return zp_problem(request, 404, "NO_SUCH_SUBMISSION", "There is no submission with this id.",
                          "没有此受理编号的自评表。", NULL);
    if (rc)
        return zp_problem_store(desk->gateway, request, rc);
    zp_str en = zp_arena_printf(
        request->arena, "This submission is of the season %d, which has been archived. The operator has it.", year);
    zp_str zh = zp_arena_printf(request->arena, "该自评表属于 %d 年度，该年度已归档，请向管理员查询。", year);
    if (!en.p || !zh.p)
        return out_of_memory(desk, request);
    return zp_problem_number(request, 410, "SUBMISSION_ARCHIVED", en.p, zh.p, "year", (uint64_t)year);
}

zp_handled zp_season_closed(zp_request *request, int year)
{
    return zp_problem_number(request, 409, "SEASON_CLOSED",
                             "This season has been archived and takes no submissions any more. Nothing was stored; "
                             "check the form's year.",
                             "该年度已归档，不再受理自评表。本次未受理，请核对年度。", "year", (uint64_t)year);
}

bool zp_events_are_gone(zp_desk *desk, zp_request *request, uint64_t after)
{
    uint64_t start;
    zp_rc rc = zp_scores_log_start(desk->scores, &start);
    if (!rc && after + 1 >= start)
        return false;
    if (rc) {
        (void)zp_problem_store(desk->gateway, request, rc);
        return true;
    }
    zp_str en = zp_arena_printf(request->arena,
                                "The log starts with event %" PRIu64 "; those before have been archived. Go on with "
                                "after=%" PRIu64 ", or ask the operator for the archive.",
                                start, start - 1);
    zp_str zh = zp_arena_printf(request->arena,
                                "事件日志从 %" PRIu64 " 号开始，此前的事件已归档。请从 after=%" PRIu64
                                " 继续，或向管理员索取归档。",
                                start, start - 1);
    if (!en.p || !zh.p)
        (void)out_of_memory(desk, request);
    else
        (void)zp_problem_number(request, 410, "EVENTS_ARCHIVED", en.p, zh.p, "log_start", start);
    return true;
}
