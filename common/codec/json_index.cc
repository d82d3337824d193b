/*
 * json_index.cc - see json_index.h. The one C++ file of the product.
 *
 * Only simdjson's first stage is used, not its on-demand front end: that one skips what nobody asks for without
 * checking it, lets halves of surrogate pairs through (3.0.1), and is no faster than a plain walk over the index
 * (tests/bench/json_readers.cc). The stage is chosen at run time for the processor at hand.
 */
#include "codec/json_index.h"

#include "codec/form_reader.h"

#include <memory>
#include <new>
#include <simdjson.h>

static_assert(simdjson::SIMDJSON_PADDING <= ZP_JSON_PADDING,
              "simdjson reads further behind the text than callers know");

struct zp_json_index {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> stage;
};

static constexpr size_t usual_body = 64 * 1024;
static constexpr size_t depth = 1; /* of its second stage, which is not used */

zp_json_index *zp_json_index_new(void)
{
    auto *self = new (std::nothrow) zp_json_index;
    if (self && simdjson::get_active_implementation()->create_dom_parser_implementation(usual_body, depth, self->stage))
        zp_json_index_destroy(&self);
    return self;
}

void zp_json_index_destroy(zp_json_index **self)
{
    delete *self;
    *self = nullptr;
}

zp_rc zp_json_index_read(zp_json_index *self, zp_str text, const uint32_t **at, uint32_t *count)
{
    if (text.n > UINT32_MAX - ZP_JSON_PADDING)
        return ZP_TOO_LARGE;
    if (text.n > self->stage->capacity() && self->stage->set_capacity(text.n))
        return ZP_NOMEM;
    auto *bytes = reinterpret_cast<const uint8_t *>(text.p);
    if (self->stage->stage1(bytes, text.n, simdjson::stage1_mode::regular))
        return ZP_INVALID;
    *at = self->stage->structural_indexes.get();
    *count = self->stage->n_structural_indexes;
    return ZP_OK;
}
