// SPDX-License-Identifier: Apache-2.0

#include "cli/c_test.hpp"

#include "cli/c_test_parts.hpp"
#include "cli/laws.hpp"
#include "cli/subject_words.hpp"
#include "cli/violation_words.hpp"
#include "cli/wrapped.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

namespace shimfuzz::cli {
namespace {

using nlohmann::ordered_json;
using scenario::AnswerCode;
using scenario::OpKind;

// ---- the play ----

// All calls of a play, in order. C tests are about one connection.
std::vector<ordered_json> calls_of(const ordered_json& run) {
    std::vector<ordered_json> calls;
    for (const ordered_json& row : run.at("rows")) {
        for (const ordered_json& call : row.at("calls")) {
            calls.push_back(call);
            calls.back()["step"] = row.at("step");
        }
    }
    return calls;
}

// The last call left bytes unsent, after mbedTLS had failed within it.
bool hides_a_failure(const ordered_json& call) {
    return call.at("call") == "write" && call.at("report") == "OK" &&
           call.at("returned").get<int>() < call.at("asked").get<int>() &&
           !call.at("answers").empty() && call.at("answers").back().at("answer") == "FATAL";
}

// ---- what is looked at ----

std::optional<Look> look_for(std::string_view done) {
    static const std::map<std::string_view, Look> looks{{"OK", Look::report},
                                                        {"WANT_READ", Look::report},
                                                        {"WANT_WRITE", Look::report},
                                                        {"ZERO_RETURN", Look::report},
                                                        {"FAILED", Look::report},
                                                        {"outside_buffer", Look::buffer},
                                                        {"returned_too_much", Look::buffer},
                                                        {"asked_again", Look::asks},
                                                        {"called_after_failure", Look::end},
                                                        {"stays_open", Look::end},
                                                        {"other_length", Look::retry},
                                                        {"other_content", Look::retry},
                                                        {"bytes_lost", Look::bytes},
                                                        {"bytes_invented", Look::bytes},
                                                        {"no_alert", Look::alert},
                                                        {"second_alert", Look::alert},
                                                        {"half_open", Look::establishment}};
    const auto found = looks.find(done);
    return found == looks.end() ? std::nullopt : std::optional{found->second};
}

bool has_op(const scenario::Scenario& scenario, bool (*is_wanted)(OpKind)) {
    return std::ranges::any_of(scenario.ops,
                               [&](const scenario::Op& op) { return is_wanted(op.kind); });
}

bool is_misuse(OpKind kind) {
    return kind >= OpKind::misuse_other_write && kind <= OpKind::misuse_null_connection;
}

// ---- numbers of mbedTLS by their names ----

// The name that mbedtls/*.h has for what an answer op says.
std::string_view mbedtls_name(AnswerCode code) {
    static const std::map<AnswerCode, std::string_view> names{
        {AnswerCode::async_in_progress, "MBEDTLS_ERR_SSL_ASYNC_IN_PROGRESS"},
        {AnswerCode::crypto_in_progress, "MBEDTLS_ERR_SSL_CRYPTO_IN_PROGRESS"},
        {AnswerCode::client_reconnect, "MBEDTLS_ERR_SSL_CLIENT_RECONNECT"},
        {AnswerCode::close_notify, "MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY"},
        {AnswerCode::conn_reset, "MBEDTLS_ERR_NET_CONN_RESET"},
        {AnswerCode::recv_failed, "MBEDTLS_ERR_NET_RECV_FAILED"},
        {AnswerCode::send_failed, "MBEDTLS_ERR_NET_SEND_FAILED"},
        {AnswerCode::invalid_context, "MBEDTLS_ERR_NET_INVALID_CONTEXT"},
        {AnswerCode::fatal_alert, "MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE"},
        {AnswerCode::invalid_mac, "MBEDTLS_ERR_SSL_INVALID_MAC"},
        {AnswerCode::invalid_record, "MBEDTLS_ERR_SSL_INVALID_RECORD"},
        {AnswerCode::internal_error, "MBEDTLS_ERR_SSL_INTERNAL_ERROR"},
        {AnswerCode::alloc_failed, "MBEDTLS_ERR_SSL_ALLOC_FAILED"},
        {AnswerCode::counter_wrapping, "MBEDTLS_ERR_SSL_COUNTER_WRAPPING"},
        {AnswerCode::buffer_too_small, "MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL"},
        {AnswerCode::bad_input, "MBEDTLS_ERR_SSL_BAD_INPUT_DATA"},
        {AnswerCode::timeout, "MBEDTLS_ERR_SSL_TIMEOUT"}};
    const auto found = names.find(code);
    return found == names.end() ? std::string_view{} : found->second;
}

struct FunctionRow {
    std::string_view name;   // in a trace
    std::string_view queue;  // in the C test
    OpKind kind;
};

constexpr std::array<FunctionRow, 4> functions{{
    {"handshake", "handshakes", OpKind::answer_handshake},
    {"read", "reads", OpKind::answer_read},
    {"write", "writes", OpKind::answer_write},
    {"close_notify", "alerts", OpKind::answer_close_notify},
}};

// The code of `answer`. `op` is the answer op that gave it, or null.
std::string code_of(const ordered_json& answer, const scenario::Op* op) {
    const std::string kind = answer.at("answer");
    const int number = answer.at("code").get<int>();
    if (number == 0) {
        return "0";
    }
    if (kind == "WANT_READ" || kind == "WANT_WRITE") {
        return "MBEDTLS_ERR_SSL_" + kind;
    }
    if (kind == "TICKET") {
        return "MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET";
    }
    const auto said = op == nullptr ? AnswerCode::ok : static_cast<AnswerCode>(op->choice);
    if (said == AnswerCode::eof) {
        return "MBEDTLS_ERR_SSL_CONN_EOF";
    }
    if (said == AnswerCode::early_data) {
        return "MBEDTLS_ERR_SSL_RECEIVED_EARLY_DATA";
    }
    const std::string_view name = mbedtls_name(said);
    return name.empty() ? std::to_string(number) : std::string{name};
}

struct CAnswer {
    std::string code;
    std::string line;  // of the table
};

// The answers of one function. Which op gave which is known by their order: answers queue per
// function.
std::vector<CAnswer> answers_of(const Regression& it, const FunctionRow& function) {
    std::vector<const scenario::Op*> ops;
    for (const scenario::Op& op : it.document.scenario.ops) {
        if (op.kind == function.kind) {
            ops.push_back(&op);
        }
    }
    std::vector<CAnswer> answers;
    std::size_t cursor = 0;
    for (const ordered_json& call : calls_of(it.run)) {
        for (const ordered_json& answer : call.at("answers")) {
            if (answer.at("function") != function.name) {
                continue;
            }
            const bool scripted = answer.at("scripted").get<bool>() && cursor < ops.size();
            const scenario::Op* op = scripted ? ops[cursor++] : nullptr;
            const bool replaced = answer.at("replaced").get<bool>();
            const std::string code = code_of(answer, replaced ? nullptr : op);
            answers.push_back({.code = code,
                               .line = fmt::format("    {{{}, {}, {}, {}}},\n", code,
                                                   answer.at("bytes").get<int>(),
                                                   answer.at("errno").get<std::string>(),
                                                   answer.at("answer") == "FATAL" ? 1 : 0)});
        }
    }
    return answers;
}

// The tables of all functions, and the queues over them.
std::string answers_text(const Regression& it) {
    std::string tables;
    std::string queues =
        "static struct queue {\n    const struct answer *next;\n    size_t left;\n}";
    for (const FunctionRow& function : functions) {
        const std::vector<CAnswer> answers = answers_of(it, function);
        const std::string name = fmt::format("{}_answers", function.name);
        if (!answers.empty()) {
            tables += fmt::format("static const struct answer {}[] = {{\n", name);
            for (const CAnswer& answer : answers) {
                tables += answer.line;
            }
            tables += "};\n";
        }
        queues += fmt::format("{} {} = {{{}, {}}}", &function == &functions.front() ? "" : ",\n ",
                              function.queue, answers.empty() ? "NULL" : name, answers.size());
    }
    return tables + queues + ";";
}

// The first answer that mbedTLS 2 does not have, if there is any.
std::string newer_answer(const Regression& it) {
    for (const FunctionRow& function : functions) {
        for (const CAnswer& answer : answers_of(it, function)) {
            if (answer.code.starts_with("MBEDTLS_ERR_SSL_RECEIVED_")) {
                return answer.code;
            }
        }
    }
    return "";
}

// ---- steps ----

std::string_view report_constant(std::string_view report) {
    static const std::map<std::string_view, std::string_view> constants{
        {"OK", "is_ok"},
        {"WANT_READ", "wants_read"},
        {"WANT_WRITE", "wants_write"},
        {"ZERO_RETURN", "is_closed"},
        {"FAILED", "has_failed"}};
    return constants.at(report);
}

std::string step_line(std::string_view call, int length, std::string_view report, int returned,
                      std::string_view why) {
    return fmt::format("    {{{}_call, {}, {}, {}}}, /* {} */", call, length,
                       report_constant(report), returned, why);
}

std::string steps_text(const Regression& it) {
    std::vector<std::string> lines;
    const std::vector<ordered_json> calls = calls_of(it.run);
    for (const ordered_json& call : calls) {
        const std::string report = call.at("report");
        lines.push_back(step_line(call.at("call").get<std::string>(), call.at("asked").get<int>(),
                                  report, call.at("returned").get<int>(),
                                  call.at("step").get<std::string>()));
    }
    if (it.run.at("verdict").at("done") == "stays_open") {
        const int rest =
            calls.back().at("asked").get<int>() - calls.back().at("returned").get<int>();
        lines.push_back(step_line("write", rest, "FAILED", -1, "the caller goes on with the rest"));
    }
    return fmt::format("{}", fmt::join(lines, "\n"));
}

// ---- the text ----

std::string_view without_first_line_end(std::string_view text) {
    return text.substr(text.starts_with('\n') ? 1 : 0);
}

// `text` with `mark` replaced by `value`. A mark alone on its line takes the line, blanks and all.
std::string with_mark(std::string text, std::string_view mark, std::string_view value) {
    for (std::size_t at = text.find(mark); at != std::string::npos;
         at = text.find(mark, at + value.size())) {
        std::size_t start = at;
        std::size_t size = mark.size();
        const std::size_t line = text.rfind('\n', at) + 1;
        const bool alone = text.find_first_not_of(' ', line) == at && text[at + size] == '\n';
        if (alone) {
            start = line;
            size += at - line + (value.empty() ? 1 : 0);
            at = line;
        }
        text.replace(start, size, value);
    }
    return text;
}

std::string in_c_string(std::string_view text) {
    std::string quoted;
    for (const char c : text) {
        quoted += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
    }
    return quoted;
}

// When the last call did not come to the answer that the signature turns on.
std::string truth_is_another(const Regression& it) {
    const ordered_json call = calls_of(it.run).back();
    const bool is_io = call.at("call") == "read" || call.at("call") == "write";
    if (it.run.at("verdict").at("answer") == "OK") {
        return is_io ? "moved == 0" : "last.code != 0";
    }
    const auto function = std::ranges::find(
        functions, call.at("answers").back().at("function").get<std::string>(), &FunctionRow::name);
    // Behind a ticket a read may go on within the same call, and find nothing.
    return it.run.at("verdict").at("answer") == "TICKET"
               ? fmt::format("{}.left > 0 || moved > 0", function->queue)
               : fmt::format("last.code != {} || moved > 0", answers_of(it, *function).back().code);
}

std::string_view expected_report(std::string_view answer) {
    static const std::map<std::string_view, std::string_view> reports{
        {"OK", "OK"},
        {"WANT_READ", "WANT_READ"},
        {"WANT_WRITE", "WANT_WRITE"},
        {"TICKET", "WANT_READ"},
        {"UNPOLLABLE", "FAILED"},
        {"CLOSE_NOTIFY", "ZERO_RETURN"},
        {"EOF", "FAILED"},
        {"FATAL", "FAILED"}};
    return reports.at(answer);
}

// A loop is no part of a C test: what it must learn takes the place of what it must do.
ViolationWords words_without_loop(const Regression& it) {
    if (it.run.at("verdict").at("done") == "stays_open") {
        return {.expected = "once mbedTLS has failed for good the caller is told so, at the latest "
                            "by its next call, and mbedTLS is left alone",
                .observed = "mbedTLS is asked again after it has failed for good"};
    }
    return words_for(it.run);
}

std::string body_text(const Regression& it) {
    const ordered_json& verdict = it.run.at("verdict");
    const Look look = look_for(verdict.at("done").get_ref<const std::string&>()).value();
    const LookParts& parts = parts_for(look);
    const ViolationWords words = words_without_loop(it);
    const bool is_client = it.document.scenario.setup.side == scenario::Side::client;
    std::string text{without_first_line_end(c_test_body())};
    const auto set = [&](std::string_view mark, std::string_view value) {
        text = with_mark(std::move(text), mark, value);
    };
    set("@INCLUDES@", c_test_includes());
    const std::string newer = newer_answer(it);
    set("@IF_ANSWERS_EXIST@",
        newer.empty() ? ""
                      : fmt::format("#if !defined({0})\nint main(void) {{\n    puts(\"cannot tell: "
                                    "this mbedTLS has no {0}\");\n    return 77;\n}}\n#else",
                                    newer));
    set("@END_IF_ANSWERS_EXIST@", newer.empty() ? "" : "#endif");
    set("@STATE@", without_first_line_end(parts.state));
    set("@ON_ANY@", without_first_line_end(parts.on_any));
    set("@ON_READ@", without_first_line_end(parts.on_read));
    set("@ON_WRITE@", without_first_line_end(parts.on_write));
    set("@ON_ALERT@", without_first_line_end(parts.on_alert));
    set("@AFTER_CALL@", without_first_line_end(parts.after_call));
    set("@VERDICT@", without_first_line_end(parts.verdict));
    set("@STEPS@", steps_text(it));
    set("@ANSWERS@", answers_text(it));
    set("@HANDSHAKE@", is_client ? "SSL_connect" : "SSL_accept");
    set("@METHOD@", is_client ? "TLS_client_method" : "TLS_server_method");
    set("@EXPECTED@", in_c_string(words.expected));
    set("@OBSERVED@", in_c_string(words.observed));
    if (look == Look::report) {
        set("@TRUTH_IS_ANOTHER@", truth_is_another(it));
        set("@EXPECTED_REPORT@",
            report_constant(expected_report(verdict.at("answer").get_ref<const std::string&>())));
    }
    return text;
}

// `text` without what begins or ends a comment.
std::string in_c_comment(std::string_view text) {
    std::string safe;
    for (const char c : text) {
        const bool ends = c == '/' && safe.ends_with('*');
        const bool begins = c == '*' && safe.ends_with('/');
        safe += ends || begins ? std::string{' ', c} : std::string{c};
    }
    return safe;
}

// One paragraph of the head, each line of which begins ` * `.
std::string paragraph(std::string_view text) {
    return wrapped_behind(in_c_comment(text), " * ") + "\n *\n";
}

std::string head_text(const Regression& it) {
    const harness::InvariantDescription& law =
        *find_law(it.run.at("verdict").at("invariant").get<std::string>());
    std::string text = "/* SPDX-License-Identifier: Apache-2.0\n *\n";
    text += paragraph(it.prose);
    text += fmt::format(" *   signature  {}\n *   source     {}\n *   shown by   {}\n *\n",
                        signature_of(it), law.origin, titles_of(it.shown_by));
    text += paragraph(fmt::format("{}: {}", law.name, law.law));
    text +=
        paragraph("It prints one line and returns 0 if the law is kept here, 1 if it is broken, "
                  "and 77 if it cannot tell, because the calls do not lead there.");
    text += paragraph("mbedTLS itself is not asked and nothing is sent: the linker puts the "
                      "functions below in its place (--wrap), and they give the answers that are "
                      "written down here. So both must be linked statically.");
    text += paragraph("To compile and run it, LWS is a libwebsockets tree and BUILD the folder in "
                      "which its own CMake has built it, with -DLWS_WITH_MBEDTLS=ON and "
                      "-DLWS_WITH_STATIC=ON. LIBS is what that was linked with, for instance "
                      "\"-lmbedtls -lmbedx509 -lmbedcrypto\", CC a C compiler and CFLAGS what it "
                      "is to be told besides.");
    for (const std::string& line : compile_command(it.name)) {
        text += " *     " + line + '\n';
    }
    return text + fmt::format(" *     ./{}\n */\n", it.name);
}

}  // namespace

std::string objection_to_c_test(const Regression& it) {
    const ordered_json& verdict = it.run.at("verdict");
    if (it.document.play.loop == scenario::Loop::lws) {
        return "it is about a whole lws, and a C test is about the shim's own API";
    }
    if (it.document.play.seam == scenario::Seam::real) {
        return "its answers are mbedTLS's own (seam=real), and no script says them";
    }
    if (it.run.contains("died")) {
        return "the subject dies of it, which is a sanitizer's to say";
    }
    if (has_op(it.document.scenario, is_misuse)) {
        return "a caller that misuses the shim is part of it (misuse_*)";
    }
    if (has_op(it.document.scenario, [](OpKind kind) { return kind == OpKind::alloc_fail; })) {
        return "memory runs out in it (alloc_fail), which no answer of mbedTLS says";
    }
    const std::vector<ordered_json> calls = calls_of(it.run);
    const std::string done = verdict.at("done");
    const bool stays_open = done == "stays_open";
    if (calls.empty() || (stays_open && !hides_a_failure(calls.back())) ||
        (!stays_open && verdict.at("place") == "loop")) {
        return "it shows in what the loop does, and in no single call of the shim";
    }
    if (!look_for(done).has_value()) {
        return fmt::format("'{}' does not show in what mbedTLS is asked or a call returns", done);
    }
    return "";
}

std::string c_test(const Regression& it) {
    return head_text(it) + body_text(it);
}

std::vector<std::string> compile_command(const std::string& name) {
    return {"$CC $CFLAGS -std=c11 -I$BUILD/include -I$BUILD -I$LWS/lib/tls \\",
            "    -I$LWS/lib/tls/mbedtls/wrapper/include \\",
            "    -I$LWS/lib/tls/mbedtls/wrapper/include/internal \\",
            "    -I$LWS/lib/tls/mbedtls/wrapper/include/platform \\",
            fmt::format("    -o {0} {0}.c \\", name),
            "    -Wl,--wrap=mbedtls_ssl_read,--wrap=mbedtls_ssl_write \\",
            "    -Wl,--wrap=mbedtls_ssl_handshake,--wrap=mbedtls_ssl_handshake_step \\",
            "    -Wl,--wrap=mbedtls_ssl_close_notify \\",
            "    $BUILD/lib/libwebsockets.a $LIBS"};
}

}  // namespace shimfuzz::cli
