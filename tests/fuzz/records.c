/* Any bytes as what the stores and sockets hold: submissions, forms, statuses, events, dispatch messages. */
#include "codec/event.h"
#include "codec/notice.h"
#include "fuzz.h"
#include "wire/dispatch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    zp_arena *arena = zp_arena_new(64 * 1024);
    char *copy = padded(data, size), topic[ZP_TOPIC_MAX];
    zp_str bytes = {copy, size};
    zp_buf json = ZP_BUF_INIT;
    zp_submission submission;
    zp_status status;
    zp_form form;
    zp_job jobs[ZP_DISPATCH_MAX_JOBS];
    zp_done done[ZP_DISPATCH_MAX_JOBS];
    zp_notice notice;
    uint64_t seq;
    int64_t at_ms;
    zp_dispatch_msg message = {.jobs = jobs, .done = done};
    if (zp_form_unpack(bytes, arena, &form) == ZP_OK)
        follow(&form, arena);
    if (zp_submission_unpack(bytes, &submission) == ZP_OK)
        (void)zp_form_unpack(submission.form, arena, &form);
    if (zp_status_unpack(bytes, arena, &status) == ZP_OK) {
        memset(&status.id, 0, sizeof status.id);
        zp_status_write_json(&status, 1000, arena, &json);
    }
    (void)zp_event_write_json(bytes, &json);
    (void)zp_event_topic(bytes, topic);
    (void)zp_notice_read(bytes, &notice, &seq, &at_ms);
    (void)zp_dispatch_decode(bytes, &message);
    zp_buf_free(&json);
    free(copy);
    zp_arena_destroy(&arena);
    return 0;
}
