// SPDX-License-Identifier: Apache-2.0

#include "harness/verdict.hpp"

#include <fmt/format.h>

#include <iterator>

namespace shimfuzz::harness {

std::string_view spell(Place place) noexcept {
    constexpr std::array<std::string_view, 6> names{"handshake", "read", "write",
                                                    "shutdown",  "loop", "free"};
    return names[static_cast<std::size_t>(place)];
}

std::string_view spell(model::Answer answer) noexcept {
    constexpr std::array<std::string_view, 8> names{
        "OK", "WANT_READ", "WANT_WRITE", "TICKET", "UNPOLLABLE", "CLOSE_NOTIFY", "EOF", "FATAL"};
    return names[static_cast<std::size_t>(answer)];
}

std::string_view spell(model::Report report) noexcept {
    constexpr std::array<std::string_view, 5> names{"OK", "WANT_READ", "WANT_WRITE", "ZERO_RETURN",
                                                    "FAILED"};
    return names[static_cast<std::size_t>(report)];
}

std::string_view spell(Done done) noexcept {
    switch (done) {
    case Done::ok:
        return spell(model::Report::ok);
    case Done::want_read:
        return spell(model::Report::want_read);
    case Done::want_write:
        return spell(model::Report::want_write);
    case Done::closed:
        return spell(model::Report::closed);
    case Done::failed:
        return spell(model::Report::failed);
    case Done::asked_again:
        return "asked_again";
    case Done::called_after_failure:
        return "called_after_failure";
    case Done::other_length:
        return "other_length";
    case Done::other_content:
        return "other_content";
    case Done::outside_buffer:
        return "outside_buffer";
    case Done::returned_too_much:
        return "returned_too_much";
    case Done::bytes_lost:
        return "bytes_lost";
    case Done::bytes_invented:
        return "bytes_invented";
    case Done::pollout_off:
        return "pollout_off";
    case Done::pollout_on:
        return "pollout_on";
    case Done::pollin_off:
        return "pollin_off";
    case Done::pollin_on:
        return "pollin_on";
    case Done::no_write_on_pollout:
        return "no_write_on_pollout";
    case Done::stays_open:
        return "stays_open";
    case Done::closes:
        return "closes";
    case Done::sleeps:
        return "sleeps";
    case Done::spins:
        return "spins";
    case Done::never_sleeps:
        return "never_sleeps";
    case Done::never_called_back:
        return "never_called_back";
    case Done::never_established:
        return "never_established";
    case Done::established_twice:
        return "established_twice";
    case Done::never_closed:
        return "never_closed";
    case Done::half_open:
        return "half_open";
    case Done::no_alert:
        return "no_alert";
    case Done::second_alert:
        return "second_alert";
    case Done::leaks:
        return "leaks";
    case Done::grows:
        return "grows";
    case Done::client_without_certificate:
        return "client_without_certificate";
    case Done::untrusted_client:
        return "untrusted_client";
    case Done::expired_client:
        return "expired_client";
    case Done::bad_client_tolerated:
        return "bad_client_tolerated";
    case Done::untrusted_server:
        return "untrusted_server";
    case Done::expired_server:
        return "expired_server";
    case Done::misnamed_server:
        return "misnamed_server";
    }
    return "?";
}

std::vector<char> spell(const Signature& signature) {
    std::vector<char> text;
    const auto out = std::back_inserter(text);
    fmt::format_to(out, "{}: {} ", describe(signature.invariant).name, spell(signature.place));
    if (signature.answer.has_value()) {
        fmt::format_to(out, "{} ", spell(*signature.answer));
    }
    fmt::format_to(out, "-> {}", spell(signature.done));
    return text;
}

}  // namespace shimfuzz::harness
