/*
 * flag_table.h - every flag, one row a fact: X(code, severity, kind, Chinese, English).
 *
 * {value} is what was declared, {expected} what was computed or is required. Codes are stable: they are stored
 * in results and read by other systems; a row may be added, never renamed.
 */
#ifndef ZP_CORE_FLAG_TABLE_H
#define ZP_CORE_FLAG_TABLE_H

#define ZP_FLAG_TABLE(X)                                                                                               \
    /* what a reader of bytes finds */                                                                                 \
    X(JSON_SYNTAX, ERROR, FORMAT, "JSON 格式错误，位置 {value}（line 行，column 列）。请改正。",                       \
      "Not valid JSON at {value}: {expected}. Correct it and submit again.")                                           \
    X(JSON_DUPLICATE_KEY, ERROR, FORMAT, "字段“{value}”重复出现，无法判断以哪个为准。请只保留一个。",                  \
      "The member \"{value}\" stands twice and it is unclear which one counts. Keep one.")                             \
    X(JSON_TOO_DEEP, ERROR, FORMAT, "嵌套层数超过 {expected} 层。自评表不需要这么深的结构。",                          \
      "Nested deeper than {expected} levels. A form needs no such depth.")                                             \
    X(UTF8_INVALID, ERROR, FORMAT, "文本不是有效的 UTF-8 编码（{value}）。请以 UTF-8 保存后重新提交。",                \
      "The text is not valid UTF-8 at {value}. Save it as UTF-8 and submit again.")                                    \
    X(CONTROL_CHARACTER, ERROR, FORMAT, "文本含有控制字符。只允许制表符和换行符，请删除其他控制字符。",                \
      "The text holds control characters. Only tab and line feed are allowed; remove the others.")                     \
    X(BODY_EMPTY, ERROR, FORMAT, "提交内容为空。请在请求正文中附上自评表。",                                           \
      "The submission is empty. Put the form into the request's body.")                                                \
    X(BODY_TOO_LARGE, ERROR, FORMAT, "提交内容超过 {expected} 字节的上限。请缩短说明文字。",                           \
      "The submission is larger than {expected} bytes. Shorten its texts.")                                            \
    X(FORM_SYNTAX, ERROR, FORMAT, "表单编码有误：{value}。请检查百分号编码。",                                         \
      "The form encoding is broken: {value}. Check the percent escapes.")                                              \
    X(TYPE_WRONG, ERROR, FORMAT, "此处类型应为 {expected}，实际为 {value}。",                                          \
      "A value of another type is needed here ({expected}), not {value}.")                                             \
    X(FIELD_UNKNOWN, ERROR, FORMAT, "自评表没有“{value}”这个字段。请核对字段名，或将其删除。",                         \
      "A form has no member \"{value}\". Check its name, or remove it.")                                               \
    X(TEXT_TOO_LONG, ERROR, FORMAT, "单元格文字超过 {expected} 字节的上限。请缩短。",                                  \
      "The cell is longer than {expected} bytes. Shorten it.")                                                         \
    X(TOO_MANY_INDICATORS, ERROR, FORMAT, "指标超过 {expected} 个的上限。请合并指标。",                                \
      "More than {expected} indicators. Merge some.")                                                                  \
    /* what makes a form refused */                                                                                    \
    X(FIELD_MISSING, ERROR, FORM, "必填项为空。请填写。", "This is required and empty. Fill it in.")                   \
    X(YEAR_INVALID, ERROR, FORM, "年度“{value}”无效，应为 {expected} 之间的四位数。",                                  \
      "The year \"{value}\" is not valid; it must lie within {expected}.")                                             \
    X(UNIT_CODE_INVALID, ERROR, FORM, "单位代码“{value}”无效：1 至 32 个字母、数字、点、横线或下划线。",               \
      "The unit code \"{value}\" is not valid: 1 to 32 letters, digits, dots, dashes or underscores.")                 \
    X(GRADE_INVALID, ERROR, FORM, "等级“{value}”无效，应为优、良、中、差之一。",                                       \
      "The grade \"{value}\" is not valid; it is one of 优, 良, 中, 差.")                                              \
    X(NUMBER_INVALID, ERROR, FORM, "“{value}”不是此处可填的数。请填 {expected} 之间的数，小数至多 6 位，不带单位。",   \
      "\"{value}\" is no number that can stand here. Write one within {expected}, with at most 6 decimals, no unit.")  \
    X(NEGATIVE, ERROR, FORM, "“{value}”为负数，此处不允许。", "\"{value}\" is negative, which is not allowed here.")   \
    X(WEIGHT_SUM, ERROR, FORM, "分值合计为 {value}，应为 {expected}（预算执行分值加各指标分值）。",                    \
      "The weights add up to {value}, not {expected} (execution plus indicators).")                                    \
    X(SCORE_OVER_WEIGHT, ERROR, FORM, "得分 {value} 高于分值 {expected}。",                                            \
      "The score {value} is higher than its weight {expected}.")                                                       \
    X(TOTAL_SUM_MISMATCH, ERROR, FORM, "总分 {value} 与各项得分之和 {expected} 不符。",                                \
      "The total {value} is not the sum of the scores, {expected}.")                                                   \
    X(SCORE_MISSING, ERROR, FORM, "其他指标已填得分，此项没有。请补填，或全部不填由系统计算。",                        \
      "Other lines declare a score and this one does not. Add it, or declare none and let the rules score.")           \
    X(EXEC_SCORE_MISSING, ERROR, FORM, "指标已填得分，预算执行没有得分。请补填。",                                     \
      "The indicators declare scores and the budget execution does not. Add it.")                                      \
    X(ACTUAL_MISSING, ERROR, FORM, "有分值的指标没有填写实际完成值。请填写。",                                         \
      "A weighted indicator has no actual value. Fill it in.")                                                         \
    X(STALE_REVISION, ERROR, FORM, "所依据的版本不是最新版本。请取得最新版本后重新提交。",                             \
      "The revision that this one replaces is not the current one. Fetch the current one and submit again.")           \
    /* declared against computed */                                                                                    \
    X(SCORE_TOO_HIGH, WARNING, SCORE, "申报得分 {value} 高于按规则计算的 {expected}；以较低者为准。",                  \
      "The declared score {value} is higher than the {expected} that the rules give; the lower one stands.")           \
    X(SCORE_TOO_LOW, WARNING, SCORE, "申报得分 {value} 低于按规则计算的 {expected}；请核对计算方法。",                 \
      "The declared score {value} is lower than the {expected} that the rules give; check how it was computed.")       \
    X(EXEC_SCORE_TOO_HIGH, WARNING, SCORE, "预算执行申报得分 {value} 高于计算值 {expected}；以较低者为准。",           \
      "The declared execution score {value} is higher than the computed {expected}; the lower one stands.")            \
    X(EXEC_SCORE_TOO_LOW, WARNING, SCORE, "预算执行申报得分 {value} 低于计算值 {expected}；请核对。",                  \
      "The declared execution score {value} is lower than the computed {expected}; check it.")                         \
    X(TOTAL_TOO_HIGH, WARNING, SCORE, "申报总分 {value} 高于按规则计算的 {expected}；以较低者为准。",                  \
      "The declared total {value} is higher than the {expected} that the rules give; the lower one stands.")           \
    X(TOTAL_TOO_LOW, WARNING, SCORE, "申报总分 {value} 低于各项确认得分之和 {expected}；以申报总分为准，请核对。",     \
      "The declared total {value} is lower than the confirmed lines' sum, {expected}; it stands. Check it.")           \
    X(GRADE_CHANGED, WARNING, SCORE, "申报等级为{value}，确认等级为{expected}。",                                      \
      "The declared grade is {value}, the confirmed one {expected}.")                                                  \
    /* what needs a person's judgement */                                                                              \
    X(QUAL_OUT_OF_BAND, WARNING, JUDGEMENT, "定性指标得分 {value} 不在该档区间内，最近的界限为 {expected}。",          \
      "The score {value} lies outside the band of this qualitative result; the nearest bound is {expected}.")          \
    X(QUAL_UNVERIFIABLE, WARNING, JUDGEMENT, "无法由“{value}”判断完成程度，请人工复核。",                              \
      "How far the target was met cannot be told from \"{value}\"; a person must look.")                               \
    X(QUAL_NEGATIVE, WARNING, JUDGEMENT, "实际完成值“{value}”含否定或延误的表述，请人工复核。",                        \
      "The actual value \"{value}\" says that something was not achieved or was late; a person must look.")            \
    X(TARGET_MISSING, WARNING, JUDGEMENT, "没有年度指标值，无法核算得分。请补充指标值。",                              \
      "There is no target, so the score cannot be verified. Add a target.")                                            \
    X(TARGET_NOT_A_VALUE, WARNING, JUDGEMENT, "指标值“{value}”只是指标名称，不是目标值。请填写可衡量的目标。",         \
      "The target \"{value}\" is a name, not a value. Give a target that can be measured.")                            \
    X(TARGET_UNCLEAR, WARNING, JUDGEMENT,                                                                              \
      "指标值“{value}”含有数字但写法无法识别，需人工复核。请写成“≥95%”“5次”“12月31日前”之类的形式。",                  \
      "The target \"{value}\" holds a number that is not understood; a person must look. Write it like ≥95%, 5次, " \
      "12月31日前.")                                                                                                   \
    X(ACTUAL_NOT_QUANTIFIED, WARNING, JUDGEMENT,                                                                       \
      "指标值“{expected}”可量化，实际完成值“{value}”不是一个可对照的数值。请填写数值。",                               \
      "The target \"{expected}\" is a value and the actual value \"{value}\" is none to hold against it. Give one.")   \
    X(COMPOUND_TARGET, WARNING, JUDGEMENT, "指标值“{value}”含多个目标，实际完成值未逐项对应，请人工复核。",            \
      "The target \"{value}\" has several parts that the actual value does not answer one by one; a person must "      \
      "look.")                                                                                                         \
    X(UNIT_MISMATCH, WARNING, JUDGEMENT, "实际完成值“{value}”与指标值“{expected}”的计量单位不同，无法比较。",          \
      "The units of the actual value \"{value}\" and the target \"{expected}\" do not compare.")                       \
    X(PERCENT_SCALE_AMBIGUOUS, WARNING, JUDGEMENT,                                                                     \
      "指标值为百分比，实际完成值“{value}”没有百分号，可能是百分数，也可能是比率（×100%）。请写明“%”。",               \
      "The target is a percentage; the actual value \"{value}\" may be one too, or a ratio (times 100 %). Write the "  \
      "%.")                                                                                                            \
    X(SCALE_AMBIGUOUS, WARNING, JUDGEMENT,                                                                             \
      "指标值以“万”“亿”计，实际完成值“{value}”没有计量单位，不知是否也以“万”“亿”计，得分因此不同。请写明单位。",       \
      "The target counts in 万 or 亿; the actual value \"{value}\" may or may not, and scores otherwise. Write its " \
      "unit.")                                                                                                         \
    X(ACTUAL_HAS_OPERATOR, WARNING, JUDGEMENT, "实际完成值“{value}”带有比较符号或“以上”“以下”等字样，应为确切数值。",  \
      "The actual value \"{value}\" names a bound, with an operator or 以上, 以下; it should be a plain value.")       \
    X(DIRECTION_ASSUMED, WARNING, JUDGEMENT, "成本指标未写明方向，按“不超过”理解。",                                   \
      "A cost indicator without a direction was read as \"at most\".")                                                 \
    /* what should have been explained */                                                                              \
    X(DEVIATION_MISSING, WARNING, EXPLANATION, "得分低于分值，但没有说明偏差原因及改进措施。请补充。",                 \
      "The score is below the weight and no reason is given. Add the reason and the remedy.")                          \
    X(OVER_ACHIEVED, WARNING, EXPLANATION, "实际完成值达到指标值的 {value}，明显超出目标，请核实目标设定。",           \
      "The actual value is {value} of the target; check how the target was set.")                                      \
    X(OVER_REASON_MISSING, WARNING, EXPLANATION, "大幅超额完成但没有说明原因。请补充。",                               \
      "The target was exceeded by far and no reason is given. Add one.")                                               \
    X(REVERSE_EXCEEDED, WARNING, EXPLANATION, "反向指标实际值 {value} 超过上限 {expected}。",                          \
      "The value {value} is above the limit {expected} of a lower-is-better indicator.")                               \
    X(DEADLINE_MISSED, WARNING, EXPLANATION, "完成时间 {value} 晚于目标 {expected}。",                                 \
      "Completed {value}, after the deadline {expected}.")                                                             \
    X(GOAL_ACTUAL_MISSING, WARNING, EXPLANATION, "没有填写年度目标的实际完成情况。请补充。",                           \
      "What was achieved of the year's goal is not described. Add it.")                                                \
    X(GOAL_COPIED, WARNING, EXPLANATION, "实际完成情况与预期目标文字相同。请填写实际情况。",                           \
      "The achieved goal repeats the expected one word for word. Describe what was done.")                             \
    /* funds */                                                                                                        \
    X(EXEC_BUDGET_ZERO, WARNING, FUNDS, "全年预算数为 0，执行率无法计算，预算执行得 0 分。",                           \
      "The annual budget is zero, so there is no execution rate; execution scores 0.")                                 \
    X(EXEC_OVER_100, WARNING, FUNDS, "全年执行数 {value} 超过全年预算数 {expected}；得分以满分为限。",                 \
      "Spent {value} of a budget of {expected}; the score is capped at the full weight.")                              \
    X(EXEC_RATE_MISMATCH, WARNING, FUNDS, "申报执行率 {value} 与计算值 {expected} 不符。",                             \
      "The declared execution rate {value} is not the computed {expected}.")                                           \
    X(EXEC_RATE_MISSING, WARNING, FUNDS, "没有填写执行率，计算值为 {expected}。",                                      \
      "No execution rate is declared; the computed one is {expected}.")                                                \
    X(EXEC_LOW, WARNING, FUNDS, "预算执行率 {value} 低于 50%。请说明原因。",                                           \
      "The execution rate {value} is below 50 %. Explain why.")                                                        \
    X(TOTAL_CAPPED, WARNING, FUNDS, "预算执行率 {value} 偏低，按评分规则总分以 {expected} 为限。",                     \
      "The execution rate {value} is low; by the rules it caps the total at {expected}.")                              \
    X(FUNDS_SUM_MISMATCH, WARNING, FUNDS, "各项资金之和 {expected} 与资金总额 {value} 不符。",                         \
      "The parts add up to {expected}, the total row says {value}.")                                                   \
    X(FUNDS_COMPONENT_MISSING, WARNING, FUNDS, "资金明细缺少此项，无法核对合计。",                                     \
      "This part of the funds is empty, so the total cannot be checked.")                                              \
    X(EXEC_UNVERIFIABLE, WARNING, FUNDS,                                                                               \
      "资金总额缺少此项，执行率和预算执行得分无法核算，申报得分保留待复核。请补填。",                                  \
      "Without this amount of the total row neither rate nor execution score can be checked; the declared one stays.") \
    X(BUDGET_CUT, WARNING, FUNDS, "全年预算数 {value} 低于年初预算数 {expected} 的 80%。",                             \
      "The annual budget {value} is below 80 % of the initial {expected}.")                                            \
    X(PROFILE_UNKNOWN, ERROR, FORM, "没有适用的评分规则（{value}）；可用：{expected}。",                               \
      "No rule profile fits ({value}); there are {expected}.")                                                         \
    /* shape */                                                                                                        \
    X(INDICATOR_NO_WEIGHT, WARNING, SHAPE, "指标没有分值，不计分。",                                                   \
      "The indicator has no weight and counts nothing.")                                                               \
    X(DETAIL_ROW, INFO, SHAPE, "“其中”明细行，不计分。", "A detail row (其中); it counts nothing.")                    \
    X(SCORE_WITHOUT_WEIGHT, WARNING, SHAPE, "指标没有分值，申报得分 {value} 不计入总分。请补填分值，或删除得分。",     \
      "The line has no weight, so its declared score {value} counts nothing. Add the weight or remove the score.")     \
    X(L1_WEIGHT_NONSTANDARD, WARNING, SHAPE, "一级指标分值合计 {value}，通常为 {expected}。",                          \
      "The weights of this level-1 category add up to {value}; {expected} is usual.")                                  \
    X(COPIED_LAST_YEAR, WARNING, SHAPE, "实际完成值和原因说明与上年自评表（{value}）相同。请核实，填写本年情况。",     \
      "The actual values and reasons repeat last year's form ({value}). Check them and describe this year.")           \
    /* good to know */                                                                                                 \
    X(STRICT_BOUNDARY, INFO, SHAPE, "指标值（“大于”或“小于”）不含界限本身，实际值恰好等于界限，按完成处理。",          \
      "The target leaves out its bound (\"more\" or \"less than\") and the actual value equals it; taken as met.")     \
    X(EQUAL_EXCEEDED, INFO, SHAPE, "实际值 {value} 高于等于型指标值 {expected}，按完成处理。",                         \
      "The actual value {value} is above the target {expected}, which says \"equal\"; taken as met.")                  \
    X(UNIT_ABSENT, INFO, SHAPE, "指标值“{value}”没有计量单位。", "The target \"{value}\" has no unit.")                \
    X(ACTUAL_UNIT_MISSING, INFO, SHAPE, "实际完成值“{value}”没有计量单位，按指标值的单位理解。",                       \
      "The actual value \"{value}\" has no unit; the target's was taken.")                                             \
    X(SCORE_ROUNDED, INFO, SHAPE, "申报得分 {value} 为计算值 {expected} 的四舍五入。",                                 \
      "The declared score {value} is the computed {expected}, rounded.")                                               \
    X(TOTAL_ROUNDED, INFO, SHAPE, "申报总分 {value} 与确认得分之和 {expected} 之差属于舍入；以较低者为准。",           \
      "The declared total {value} and the confirmed lines' sum, {expected}, differ by a rounding; the lower stands.")  \
    X(EXEC_RATE_ROUNDED_UP, INFO, FUNDS, "执行率 {value} 为向上取整，计算值为 {expected}。",                           \
      "The rate {value} was rounded up; computed {expected}.")                                                         \
    X(EXEC_RATE_CUT, INFO, FUNDS, "执行率 {value} 为截尾，计算值为 {expected}。",                                      \
      "The rate {value} was cut; computed {expected}.")                                                                \
    X(EXEC_RATE_COARSE, INFO, FUNDS, "执行率 {value} 不足两位小数，计算值为 {expected}。",                             \
      "The rate {value} has fewer than two decimals; computed {expected}.")                                            \
    X(ALL_FULL, INFO, SHAPE, "所有指标均为满分。", "Every line declares its full weight.")

#endif
