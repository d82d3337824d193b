/*
 * body.c - from a request's body to a form, or to the answer that says why it is none.
 *
 * Request threads. What is wrong with the bytes is told here; what is wrong with the form is the rules' to say.
 */
#include "handlers.h"

#include "codec/form_json.h"
#include "codec/form_reader.h"
#include "fields.h"
#include "problem.h"
#include "retry.h"

zp_handled zp_refuse_form(zp_desk *desk, zp_request *request, zp_rc rc, const zp_flags *faults)
{
    switch (rc) {
    case ZP_INVALID:
        return zp_problem(request, 400, "BODY_MALFORMED", "The body cannot be read; see errors.",
                          "无法读取请求正文，详见 errors。", faults);
    case ZP_TOO_LARGE:
        return zp_problem(request, 413, "BODY_TOO_LARGE", "The body is larger than this service takes.",
                          "请求正文超过上限。", faults);
    case ZP_CONFLICT:
        return zp_problem(request, 422, "FORM_INVALID", "The form has faults; all of them are in errors.",
                          "自评表存在错误，全部列于 errors。", faults);
    default:
        zp_retry_after(desk->gateway, request, NULL);
        return zp_problem(request, 503, "BUSY", "The service is short of memory. Nothing was stored; try again.",
                          "服务内存不足。本次未受理，请稍后重试。", NULL);
    }
}

bool zp_body_read(zp_desk *desk, zp_request *request, zp_form *out, zp_flags *faults)
{
    zp_media media = zp_media_of(request->content_type);
    *out = (zp_form){0};
    if (media == ZP_MEDIA_OTHER) {
        (void)zp_problem(request, 415, "MEDIA_TYPE_UNSUPPORTED",
                         "Send application/json or application/x-www-form-urlencoded, in UTF-8.",
                         "请以 UTF-8 编码的 application/json 或 application/x-www-form-urlencoded 提交。", NULL);
        return false;
    }
    if (media == ZP_MEDIA_URLENCODED && zp_is_cross_site(request->fetch_site, request->origin, request->host)) {
        (void)zp_problem(request, 403, "CROSS_SITE", "Another site's page may not submit forms here.",
                         "不接受其他网站页面提交的表单。", NULL);
        return false;
    }
    zp_rc rc = ZP_INVALID;
    if (request->body.n == 0)
        zp_flags_add(faults, ZP_FLAG_BODY_EMPTY, ZP_STR(""), ZP_ABSENT, ZP_ABSENT);
    else if (media == ZP_MEDIA_JSON)
        rc = zp_form_read_json(desk->json, request->body, request->arena, out, faults);
    else
        rc = zp_form_read_urlencoded(request->body, request->arena, out, faults);
    if (rc)
        (void)zp_refuse_form(desk, request, rc, faults);
    return rc == ZP_OK;
}
