// SPDX-License-Identifier: Apache-2.0

#include "cli/violation_words.hpp"

#include "cli/laws.hpp"
#include "harness/invariants.hpp"
#include "harness/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace shimfuzz::cli {

using harness::Done;
using harness::Place;
using model::Answer;
using nlohmann::ordered_json;

namespace {

// Sentences about one kind of violation; {call} is the call of the API, {answer} what mbedTLS truly
// answered, {report} what that answer deserves to be reported as, {done} what was reported.
struct Sentences {
    Done done;
    std::string_view expected;
    std::string_view observed;
};

constexpr Sentences about_report(Done done) {
    return {done, "{call} is reported as {report}, because mbedTLS answered {answer}",
            "it is reported as {done}"};
}

// A misuse that was refused has neither an answer nor any report but FAILED.
constexpr Sentences about_misuse{
    Done::failed, "{call} refuses its caller's misuse as FAILED and asks mbedTLS nothing",
    "mbedTLS answered {answer}, and it is reported as {done}"};

constexpr std::array<Sentences, 39> table{{
    about_report(Done::ok),
    about_report(Done::want_read),
    about_report(Done::want_write),
    about_report(Done::closed),
    about_report(Done::failed),
    {Done::asked_again, "once mbedTLS answered {answer}, {call} returns",
     "it asked mbedTLS again within the same call"},
    {Done::called_after_failure, "after a fatal answer the context is used for no more I/O",
     "{call} asked mbedTLS once more"},
    {Done::other_length, "the write that answered {answer} is repeated with the same length",
     "mbedTLS was given another length"},
    {Done::other_content, "the write that answered {answer} is repeated with the same content",
     "mbedTLS was given other content"},
    {Done::outside_buffer, "mbedTLS is given memory of the buffer that {call} was given",
     "it was given memory outside of it"},
    {Done::returned_too_much, "{call} returns at most the length it was given", "it returned more"},
    {Done::bytes_lost, "every byte that one side accepted reaches the other, in order",
     "{call} lost bytes"},
    {Done::bytes_invented, "only bytes that were sent arrive, each of them once",
     "{call} brought bytes that do not belong there"},
    {Done::pollout_off, "the loop sleeps with POLLOUT in its interest",
     "it sleeps without POLLOUT"},
    {Done::pollout_on, "the loop sleeps with POLLOUT in its interest only for a reason",
     "it did so at three sleeps in a row without one"},
    {Done::pollin_off, "the loop sleeps with POLLIN in its interest", "it sleeps without POLLIN"},
    {Done::pollin_on, "the loop sleeps without POLLIN while rx flow is off",
     "it sleeps with POLLIN in its interest"},
    {Done::no_write_on_pollout,
     "of two passes with POLLOUT and something to send, one writes or gives the writeable callback",
     "neither did"},
    {Done::stays_open, "a connection that failed is closed", "the loop sleeps and keeps it open"},
    {Done::closes, "the connection stays open, because no answer was fatal: the last was {answer}",
     "the loop closed it"},
    {Done::sleeps, "plaintext inside TLS is offered without waiting for the wire",
     "the loop sleeps and leaves it there"},
    {Done::spins, "a pass that poll lets through at once achieves something",
     "sixteen of them in a row achieved nothing, or the loop never came to rest"},
    {Done::never_sleeps, "a turn of the loop ends", "it went round thousands of times and on"},
    {Done::never_called_back, "the writeable callback that was asked for comes", "it never came"},
    {Done::never_established, "the handshake completes once the peer answers", "it never did"},
    {Done::established_twice, "the session is established once",
     "it was established a second time"},
    {Done::never_closed, "the close that was asked for completes", "it never did"},
    {Done::half_open, "{call} succeeds once TLS has established the session",
     "it succeeded, and TLS has not"},
    {Done::no_alert, "a shutdown tries to send its close_notify", "none was tried"},
    {Done::second_alert, "a shutdown sends one close_notify", "it sent a second one"},
    {Done::leaks, "all that the connection allocated is freed with it", "some of it is not"},
    {Done::grows, "asked again while it waits, the connection holds no more memory than before",
     "it holds more each time"},
    {Done::client_without_certificate, "a client that shows no certificate is refused",
     "there is a session with it"},
    {Done::untrusted_client, "a client whose certificate nobody trusted stands behind is refused",
     "there is a session with it"},
    {Done::expired_client, "a client whose certificate is out of date is refused",
     "there is a session with it"},
    {Done::bad_client_tolerated, "a client may show no certificate, but not a bad one",
     "there is a session with one that did"},
    {Done::untrusted_server, "a server whose certificate nobody trusted stands behind is refused",
     "there is a session with it"},
    {Done::expired_server, "a server whose certificate is out of date is refused",
     "there is a session with it"},
    {Done::misnamed_server, "a server whose certificate names another host is refused",
     "there is a session with it"},
}};
static_assert(table.size() == harness::done_count);

// The value of `Enum` up to `last` that is spelled `name`, if any.
template <typename Enum>
std::optional<Enum> called(const ordered_json& name, Enum last) {
    for (int i = 0; i <= static_cast<int>(last); ++i) {
        const auto value = static_cast<Enum>(i);
        if (name.is_string() && harness::spell(value) == name.get<std::string>()) {
            return value;
        }
    }
    return std::nullopt;
}

std::string_view call_name(Place place) {
    constexpr std::array<std::string_view, 6> names{"the handshake call", "SSL_read", "SSL_write",
                                                    "SSL_shutdown",       "the loop", "SSL_free"};
    return names[static_cast<std::size_t>(place)];
}

ViolationWords words_for_signature(Place place, std::optional<Answer> answer, Done done) {
    const std::string_view report =
        answer.has_value() ? harness::spell(model::report_of(*answer)) : "";
    const bool is_report = static_cast<int>(done) <= static_cast<int>(Done::failed);
    const bool is_misuse = is_report && (!answer.has_value() || report == harness::spell(done));
    const Sentences& sentences = is_misuse ? about_misuse : table[static_cast<std::size_t>(done)];
    const auto filled_in = [&](std::string_view sentence) {
        return fmt::format(
            fmt::runtime(sentence), fmt::arg("call", call_name(place)),
            fmt::arg("answer", answer.has_value() ? harness::spell(*answer) : "nothing"),
            fmt::arg("report", report), fmt::arg("done", harness::spell(done)));
    };
    return {filled_in(sentences.expected), filled_in(sentences.observed)};
}

ViolationWords words_for_death(const std::string& kind) {
    if (kind == "runaway") {
        return {"every call returns", "the play used up its processor time and did not end"};
    }
    return {"neither a sanitizer nor the system has anything to report",
            fmt::format("the process that played it died: {}", kind)};
}

}  // namespace

std::string law_of(const ordered_json& run) {
    const auto* law = find_law(run["verdict"]["invariant"].get<std::string>());
    return law != nullptr ? std::string{law->law} : "";
}

ViolationWords words_for(const ordered_json& run) {
    if (run.contains("died")) {
        return words_for_death(run["died"]["kind"]);
    }
    const ordered_json& verdict = run["verdict"];
    constexpr auto last_done = static_cast<Done>(harness::done_count - 1);
    return words_for_signature(called(verdict["place"], Place::free).value_or(Place::loop),
                               called(verdict["answer"], Answer::fatal),
                               called(verdict["done"], last_done).value_or(Done::ok));
}

}  // namespace shimfuzz::cli
