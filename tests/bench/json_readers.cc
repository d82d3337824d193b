/*
 * json_readers.cc - which JSON library reads a form fastest: every member visited, number text kept, UTF-8 checked; and
 * what the product's reader and its checks add.
 *
 * Three ways over the same body: yajl's callbacks, simdjson's on-demand front end, and simdjson's structural index
 * alone with a plain walk over its tokens; then the body read into a form, and read and checked. The bare parser that
 * the others are held against is simdjson on demand. Prints the best of several rounds in nanoseconds a form.
 * Usage: json_readers FILE PROFILE [forms a round]
 */
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <simdjson.h>
#include <yajl/yajl_parse.h>

extern "C" {
#include "codec/form_reader.h"
#include "codec/profile_yaml.h"
#include "core/score.h"
}

namespace
{

/* What each way must come to: the bytes of all names, texts and number tokens, and how many values there are. */
struct seen {
    size_t bytes = 0, values = 0;
    bool ok = true;
    bool operator==(const seen &other) const
    {
        return bytes == other.bytes && values == other.values && ok == other.ok;
    }
};

/* ---- yajl ---- */

int y_null(void *context)
{
    static_cast<seen *>(context)->values++;
    return 1;
}

int y_boolean(void *context, int)
{
    return y_null(context);
}

int y_number(void *context, const char *, size_t n)
{
    auto *s = static_cast<seen *>(context);
    s->values++;
    s->bytes += n;
    return 1;
}

int y_string(void *context, const unsigned char *text, size_t n)
{
    return y_number(context, reinterpret_cast<const char *>(text), n);
}

int y_name(void *context, const unsigned char *, size_t n)
{
    static_cast<seen *>(context)->bytes += n;
    return 1;
}

int y_end(void *)
{
    return 1;
}

seen by_yajl(const simdjson::padded_string &body)
{
    static const yajl_callbacks callbacks = {y_null, y_boolean, nullptr, nullptr, y_number, y_string,
                                             y_null, y_name,    y_end,   y_null,  y_end};
    seen s;
    yajl_handle handle = yajl_alloc(&callbacks, nullptr, &s);
    s.ok = handle &&
           yajl_parse(handle, reinterpret_cast<const unsigned char *>(body.data()), body.size()) == yajl_status_ok &&
           yajl_complete_parse(handle) == yajl_status_ok;
    if (handle)
        yajl_free(handle);
    return s;
}

/* ---- simdjson, on demand ---- */

namespace od = simdjson::ondemand;

std::string_view trimmed(std::string_view token)
{
    while (!token.empty() && uint8_t(token.back()) <= ' ')
        token.remove_suffix(1);
    return token;
}

bool od_value(od::value value, seen &s);

bool od_object(od::object object, seen &s)
{
    for (auto field : object) {
        std::string_view name;
        od::value value;
        if (field.unescaped_key().get(name))
            return false;
        s.bytes += name.size();
        if (field.value().get(value) || !od_value(value, s))
            return false;
    }
    return true;
}

bool od_array(od::array array, seen &s)
{
    for (auto element : array) {
        od::value value;
        if (element.get(value) || !od_value(value, s))
            return false;
    }
    return true;
}

bool od_value(od::value value, seen &s)
{
    od::json_type type;
    od::object object;
    od::array array;
    std::string_view text;
    if (value.type().get(type))
        return false;
    s.values++;
    switch (type) {
    case od::json_type::object:
        return !value.get_object().get(object) && od_object(object, s);
    case od::json_type::array:
        return !value.get_array().get(array) && od_array(array, s);
    case od::json_type::string:
        if (value.get_string().get(text))
            return false;
        s.bytes += text.size();
        return true;
    case od::json_type::number:
        s.bytes += trimmed(value.raw_json_token()).size();
        return true;
    default:
        return true;
    }
}

seen by_on_demand(od::parser &parser, const simdjson::padded_string &body)
{
    seen s;
    od::document document;
    od::object object;
    s.values = 1;
    s.ok = !parser.iterate(body).get(document) && !document.get_object().get(object) && od_object(object, s) &&
           document.current_location().error() == simdjson::OUT_OF_BOUNDS;
    return s;
}

/* ---- simdjson's structural index, walked by hand ---- */

struct tokens {
    const char *bytes;
    const uint32_t *at;
    uint32_t i, count;
    size_t size;

    char next() const
    {
        return i < count ? bytes[at[i]] : '\0';
    }
    std::string_view take()
    {
        size_t from = at[i++], to = i < count ? at[i] : size;
        return trimmed(std::string_view(bytes + from, to - from));
    }
};

bool ix_value(tokens &t, seen &s, int depth);

bool ix_members(tokens &t, seen &s, int depth)
{
    t.i++;
    if (t.next() == '}')
        return t.i++, true;
    for (;;) {
        if (t.next() != '"')
            return false;
        s.bytes += t.take().size() - 2;
        if (t.next() != ':')
            return false;
        t.i++;
        if (!ix_value(t, s, depth + 1))
            return false;
        if (t.next() == '}')
            return t.i++, true;
        if (t.next() != ',')
            return false;
        t.i++;
    }
}

bool ix_elements(tokens &t, seen &s, int depth)
{
    t.i++;
    if (t.next() == ']')
        return t.i++, true;
    for (;;) {
        if (!ix_value(t, s, depth + 1))
            return false;
        if (t.next() == ']')
            return t.i++, true;
        if (t.next() != ',')
            return false;
        t.i++;
    }
}

bool ix_value(tokens &t, seen &s, int depth)
{
    s.values++;
    switch (t.next()) {
    case '{':
        return depth < 8 && ix_members(t, s, depth);
    case '[':
        return depth < 8 && ix_elements(t, s, depth);
    case '"':
        s.bytes += t.take().size() - 2;
        return true;
    case 'n':
        return t.take() == "null";
    default:
        s.bytes += t.take().size();
        return true;
    }
}

seen by_index(simdjson::internal::dom_parser_implementation &stage, const simdjson::padded_string &body)
{
    seen s;
    s.ok = !stage.stage1(reinterpret_cast<const uint8_t *>(body.data()), body.size(), simdjson::stage1_mode::regular);
    tokens t = {body.data(), stage.structural_indexes.get(), 0, stage.n_structural_indexes, body.size()};
    s.ok = s.ok && ix_value(t, s, 0) && t.i == t.count;
    return s;
}

/* ---- the product ---- */

class product
{
    zp_arena *arena = zp_arena_new(256 * 1024);
    zp_json_reader *reader = zp_json_reader_new();
    std::vector<char> bytes;
    zp_str body;
    zp_profile profile;

  public:
    product(const simdjson::padded_string &text, const char *profile_path)
        : bytes(text.data(), text.data() + text.size())
    {
        char message[512];
        bytes.resize(text.size() + ZP_JSON_PADDING);
        body = {bytes.data(), text.size()};
        if (!arena || !reader || zp_profile_load(profile_path, &profile, message, sizeof message)) {
            fprintf(stderr, "%s\n", arena && reader ? message : "out of memory");
            exit(1);
        }
    }
    ~product()
    {
        zp_arena_destroy(&arena);
        zp_json_reader_destroy(&reader);
    }
    bool read(bool check)
    {
        zp_form form;
        zp_flags faults = {};
        zp_arena_reset(arena);
        faults.arena = arena;
        return zp_form_read_json(reader, body, arena, &form, &faults) == ZP_OK &&
               (!check || zp_check(&form, &profile, &faults) == ZP_OK) && faults.errors == 0;
    }
};

/* ---- the measurement ---- */

/* Nanoseconds a form: of several rounds the best, since what else the machine does only ever adds. */
template <typename way> long long measure(const char *name, long forms, way read)
{
    long long best = 0;
    for (int round = 0; round < 9; round++) {
        auto from = std::chrono::steady_clock::now();
        for (long i = 0; i < forms; i++)
            if (!read()) {
                fprintf(stderr, "%s read something else\n", name);
                exit(1);
            }
        auto spent = std::chrono::steady_clock::now() - from;
        long long ns = std::chrono::duration_cast<std::chrono::nanoseconds>(spent).count() / forms;
        best = round == 0 ? ns : std::min(best, ns);
    }
    return best;
}

/* `parser`: what the bare parser took, 0 for none to compare with. */
void report(const char *name, long long ns, long long parser)
{
    printf("%-28s %7lld ns a form", name, ns);
    printf(parser ? ", %lld %% of the bare parser's speed\n" : "\n", parser ? 100 * parser / ns : 0);
}

} // namespace

int main(int count, char **arguments)
{
    if (count < 3) {
        fprintf(stderr, "usage: %s FILE PROFILE [forms a round]\n", arguments[0]);
        return 2;
    }
    std::ifstream file(arguments[1], std::ios::binary);
    simdjson::padded_string body(std::string(std::istreambuf_iterator<char>(file), {}));
    long forms = count > 3 ? atol(arguments[3]) : 20000;
    seen expected = by_yajl(body);
    if (!file || !expected.ok || forms < 1) {
        fprintf(stderr, "%s: not a JSON object that can be read\n", arguments[1]);
        return 1;
    }
    od::parser parser;
    std::unique_ptr<simdjson::internal::dom_parser_implementation> stage;
    if (simdjson::get_active_implementation()->create_dom_parser_implementation(body.size(), 16, stage)) {
        fprintf(stderr, "out of memory\n");
        return 1;
    }
    printf("%zu bytes, %zu values, simdjson %d.%d.%d (%s)\n", body.size(), expected.values,
           int(simdjson::SIMDJSON_VERSION_MAJOR), int(simdjson::SIMDJSON_VERSION_MINOR),
           int(simdjson::SIMDJSON_VERSION_REVISION), simdjson::get_active_implementation()->name().data());
    product form(body, arguments[2]);
    report("yajl", measure("yajl", forms, [&] { return by_yajl(body) == expected; }), 0);
    long long bare = measure("simdjson", forms, [&] { return by_on_demand(parser, body) == expected; });
    report("simdjson on demand", bare, 0);
    report("simdjson index + walk", measure("index", forms, [&] { return by_index(*stage, body) == expected; }), bare);
    report("read into a form", measure("form", forms, [&] { return form.read(false); }), bare);
    report("read and checked", measure("check", forms, [&] { return form.read(true); }), bare);
    return 0;
}
