/*
 * unit.c - what a number counts: percent, time, words, with 万, 亿 and ‰. See grammar.h.
 */
#include "core/grammar.h"

static bool cut(zp_str *text, zp_str prefix)
{
    if (!zp_text_begins(*text, prefix))
        return false;
    text->p += prefix.n;
    text->n -= prefix.n;
    return true;
}

/* 分 is none: it may be a point as well as a minute. */
static unsigned seconds_of(zp_str unit)
{
    static const struct {
        zp_str name;
        unsigned seconds;
    } times[] = {{ZP_STR_ROW("秒"), 1},      {ZP_STR_ROW("秒钟"), 1},      {ZP_STR_ROW("分钟"), 60},
                 {ZP_STR_ROW("小时"), 3600}, {ZP_STR_ROW("个小时"), 3600}, {ZP_STR_ROW("天"), 86400},
                 {ZP_STR_ROW("日"), 86400}};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        if (zp_str_eq(unit, times[i].name))
            return times[i].seconds;
    return 0;
}

/* Whether something begins here that says how a number is meant, not what it counts: that it is about so large, is not
 * reached, is a bound or a day; or a comparison with something else. */
static bool begins_qualifier(zp_str text)
{
    switch (zp_text_wide(text.p, text.n)) {
    case U'不':
    case U'未':
    case U'没':
    case U'无':
    case U'非':
    case U'余':
    case U'多':
    case U'约':
    case U'近':
    case U'前':
    case U'后':
    case U'以':
    case U'之':
    case U'超':
    case U'达':
    case U'完':
    case U'已':
    case U'待':
    case U'尚':
    case U'拟':
    case U'预':
    case U'仅':
    case U'几':
    case U'许':
    case U'来':
    case U'半':
    case U'差':
    case U'缺':
    case U'欠':
    case U'成':
    case U'较':
        return true;
    default:
        return zp_text_begins(text, ZP_STR("左右")) || zp_text_begins(text, ZP_STR("上下"));
    }
}

/* 5千, 3百万元: a power of ten, unless it belongs to the word, as in 千克. */
static bool begins_power(zp_str text)
{
    static const zp_str words[] = {ZP_STR_ROW("千克"), ZP_STR_ROW("千米"), ZP_STR_ROW("千瓦"), ZP_STR_ROW("千字")};
    static const zp_str powers[] = {ZP_STR_ROW("十"), ZP_STR_ROW("百"), ZP_STR_ROW("千"), ZP_STR_ROW("万"),
                                    ZP_STR_ROW("亿")};
    return zp_text_begins_with_one_of(text, ZP_WORDS(powers)) && !zp_text_begins_with_one_of(text, ZP_WORDS(words));
}

/* 12月上旬, 22年初, 3季度, 17点: when, not how many; 1级, 2等: a rank. 月 and 年 alone are spans of time. */
static bool tells_place(zp_str text)
{
    static const zp_str words[] = {ZP_STR_ROW("号"), ZP_STR_ROW("点"),   ZP_STR_ROW("点钟"), ZP_STR_ROW("时"),
                                   ZP_STR_ROW("季"), ZP_STR_ROW("季度"), ZP_STR_ROW("旬"),   ZP_STR_ROW("级"),
                                   ZP_STR_ROW("等"), ZP_STR_ROW("档")};
    const zp_str month = ZP_STR("月"), year = ZP_STR("年");
    bool part = zp_text_begins(text, month) || zp_text_begins(text, year);
    return zp_text_is_one_of(text, ZP_WORDS(words)) ||
           (part && text.n > month.n && text.p[month.n] != '/' && text.p[month.n] != '*');
}

/* The length of the letter that begins here: Chinese, Latin, Greek or the sign of degrees; 0 for anything else. */
static size_t letter(zp_str text)
{
    unsigned char first = (unsigned char)*text.p, next = text.n > 1 ? (unsigned char)text.p[1] : 0;
    if ((first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z'))
        return 1;
    if (next && (first == 0xce || first == 0xcf || (first == 0xc2 && next == 0xb0)))
        return 2;
    uint32_t wide = zp_text_wide(text.p, text.n);
    return wide >= 0x3400 && wide <= 0x9fff ? 3 : 0;
}

/* 次/天, 元/人·月, 元/人*月: between two words. */
static size_t joint(zp_str text)
{
    return *text.p == '/' || *text.p == '*' ? 1 : zp_text_begins(text, ZP_STR("·")) ? 2 : 0;
}

static bool is_unit(zp_str text)
{
    if (zp_text_characters(text) > ZP_MAX_UNIT_CHARACTERS || begins_power(text) || tells_place(text))
        return false;
    if (zp_text_ends(text, ZP_STR("m2")) || zp_text_ends(text, ZP_STR("m3")))
        text.n--;
    bool word = false;
    while (text.n) {
        size_t length = letter(text);
        bool between = !length && word && (length = joint(text)) > 0;
        if (!length || begins_qualifier(text))
            return false;
        word = !between;
        text = (zp_str){text.p + length, text.n - length};
    }
    return word;
}

/* What is counted so often that a number behind which it stands is sure to be counted in it. */
static bool is_counting_word(zp_str word)
{
    static const zp_str words[] = {
#define W ZP_STR_ROW
        W("次"),   W("人"),     W("名"),     W("位"),     W("个"),       W("家"),     W("户"),   W("场"),   W("项"),
        W("件"),   W("套"),     W("台"),     W("份"),     W("期"),       W("批"),     W("起"),   W("例"),   W("篇"),
        W("本"),   W("册"),     W("部"),     W("张"),     W("条"),       W("处"),     W("座"),   W("间"),   W("幢"),
        W("栋"),   W("所"),     W("组"),     W("队"),     W("班"),       W("门"),     W("节"),   W("辆"),   W("艘"),
        W("架"),   W("把"),     W("根"),     W("支"),     W("枝"),       W("只"),     W("头"),   W("匹"),   W("棵"),
        W("株"),   W("粒"),     W("颗"),     W("瓶"),     W("盒"),       W("箱"),     W("包"),   W("袋"),   W("桶"),
        W("吨"),   W("斤"),     W("克"),     W("升"),     W("亩"),       W("米"),     W("轮"),   W("届"),   W("倍"),
        W("字"),   W("页"),     W("幅"),     W("盏"),     W("面"),       W("块"),     W("片"),   W("道"),   W("口"),
        W("孔"),   W("段"),     W("种"),     W("类"),     W("村"),       W("镇"),     W("县"),   W("市"),   W("床"),
        W("席"),   W("站"),     W("线"),     W("单"),     W("票"),       W("卷"),     W("宗"),   W("剂"),   W("针"),
        W("对"),   W("双"),     W("副"),     W("枚"),     W("趟"),       W("遍"),     W("餐"),   W("桌"),   W("人次"),
        W("人天"), W("人月"),   W("人年"),   W("人份"),   W("家次"),     W("户次"),   W("场次"), W("件次"), W("车次"),
        W("班次"), W("批次"),   W("台次"),   W("台套"),   W("件套"),     W("课时"),   W("学时"), W("学分"), W("公斤"),
        W("千克"), W("毫升"),   W("立方米"), W("平方米"), W("平方公里"), W("公顷"),   W("公里"), W("千米"), W("厘米"),
        W("毫米"), W("千瓦时"), W("千瓦"),   W("社区"),   W("街道"),     W("学校"),   W("单位"), W("部门"), W("企业"),
        W("项目"), W("岗位"),   W("床位"),   W("坐席"),   W("座席"),     W("网点"),   W("站点"), W("标段"), W("系统"),
        W("平台"), W("模块"),   W("月"),     W("年"),     W("周"),       W("工作日"), W("km"),   W("m"),    W("cm"),
        W("mm"),   W("m2"),     W("m3"),     W("km2"),    W("kg"),       W("g"),      W("mg"),   W("t"),    W("L"),
        W("ml"),   W("kWh"),    W("kW"),     W("GB"),     W("TB"),       W("MB"),     W("分"),   W("盆"),   W("季度"),
        W("学期"), W("平方"),   W("立方"),   W("ha"),     W("hm2"),      W("dB"),     W("°C"),   W("Pa"),   W("kPa"),
        W("MPa"),  W("hPa"),    W("NTU"),    W("bps"),    W("Kbps"),     W("Mbps"),   W("Gbps"), W("Hz"),   W("kHz"),
        W("MHz"),  W("GHz"),    W("kV"),     W("MW"),     W("MWh"),      W("lx"),     W("ppm"),  W("ppb"),  W("KB"),
        W("PB"),   W("rpm"),    W("μg"),     W("mL"),     W("dL"),       W("mmol"),   W("mol")
#undef W
    };
    return zp_text_is_one_of(word, ZP_WORDS(words)) || seconds_of(word);
}

bool zp_is_money(zp_str unit)
{
    static const zp_str words[] = {ZP_STR_ROW("人民币"), ZP_STR_ROW("美元"), ZP_STR_ROW("港元"), ZP_STR_ROW("港币"),
                                   ZP_STR_ROW("欧元"),   ZP_STR_ROW("日元"), ZP_STR_ROW("英镑")};
    return zp_text_begins(unit, ZP_STR("元")) || zp_text_begins_with_one_of(unit, ZP_WORDS(words));
}

/* A word of a unit; `behind` another one: km/h, but not h alone, which is a span of time. */
static bool is_known_word(zp_str word, bool behind)
{
    zp_str bare = word;
    return is_counting_word(word) || zp_is_money(word) || (cut(&bare, ZP_STR("个")) && is_counting_word(bare)) ||
           (behind && (zp_str_is(word, "h") || zp_str_is(word, "min") || zp_str_is(word, "s")));
}

bool zp_is_known_unit(zp_str unit)
{
    for (bool behind = false; unit.n; behind = true) {
        zp_str word = unit;
        word.n = 0;
        while (word.n < unit.n && !joint((zp_str){unit.p + word.n, unit.n - word.n}))
            word.n++;
        if (!is_known_word(word, behind))
            return false;
        size_t between = word.n < unit.n ? joint((zp_str){unit.p + word.n, unit.n - word.n}) : 0;
        unit = (zp_str){unit.p + word.n + between, unit.n - word.n - between};
    }
    return true;
}

bool zp_read_unit(zp_str text, zp_quantity *q)
{
    if (q->dimension == ZP_DIM_PERCENT)
        return text.n == 0;
    q->said = text;
    if (zp_str_eq(text, ZP_STR("%")) || zp_str_eq(text, ZP_STR("百分比")) || zp_str_eq(text, ZP_STR("百分点")) ||
        zp_str_eq(text, ZP_STR("个百分点"))) {
        q->dimension = ZP_DIM_PERCENT;
        q->unit = ZP_STR("%");
        return true;
    }
    if (zp_str_eq(text, ZP_STR("‰"))) {
        q->dimension = ZP_DIM_PERCENT;
        q->unit = ZP_STR("%");
        q->scale = -1;
        q->value.e += q->scale;
        return true;
    }
    if (cut(&text, ZP_STR("万亿")))
        q->scale = 12;
    else if (cut(&text, ZP_STR("万")))
        q->scale = 4;
    else if (cut(&text, ZP_STR("亿")))
        q->scale = 8;
    q->value.e += q->scale;
    if (!text.n)
        return true;
    if (!is_unit(text) || zp_text_characters(q->said) > ZP_MAX_UNIT_CHARACTERS)
        return false;
    q->unit = text;
    q->seconds = seconds_of(text);
    q->dimension = q->seconds ? ZP_DIM_TIME : ZP_DIM_OTHER;
    return true;
}
