// SPDX-License-Identifier: Apache-2.0

#include "harness/invariants.hpp"

#include <array>

namespace shimfuzz::harness {
namespace {

constexpr std::array<InvariantDescription, invariant_count> table{{
    {Invariant::want_is_reported, "want_is_reported",
     "After a call that returned <= 0, what lws would ask (get_error, then want_read, then "
     "want_write) tells the class of this call's answer, whatever came before.",
     "SSL_get_error(3); lws 3315", Level::api, false},
    {Invariant::want_read_keeps_pollout, "want_read_keeps_pollout",
     "While there is something to send that a POLLOUT can move, a read that wants to read never "
     "takes POLLOUT from it, nor its turn when POLLOUT comes.",
     "lws 3315", Level::loop, false},
    {Invariant::want_write_is_polled, "want_write_is_polled",
     "While a handshake, a read or a shutdown truly waits to write, POLLOUT is polled for.",
     "mbedtls/ssl.h; lws 0c94138fd", Level::loop, false},
    {Invariant::pollout_is_justified, "pollout_is_justified",
     "POLLOUT is never polled for at three sleeps in a row, delivered in between, with no reason "
     "throughout.",
     "lws 235, 1624", Level::loop, false},
    {Invariant::pollin_is_kept, "pollin_is_kept",
     "POLLIN stays unless rx is flow-controlled, a read truly waits for POLLOUT, or the connection "
     "closes; and it is off while rx flow is off.",
     "lws 7a41bb8a8", Level::loop, false},
    {Invariant::writeable_is_delivered, "writeable_is_delivered",
     "A requested writeable callback comes.", "lws 3315", Level::loop, true},
    {Invariant::pending_is_serviced, "pending_is_serviced",
     "Plaintext inside TLS is offered to the application without another byte on the wire.",
     "lws 309, 354, 1920", Level::loop, true},
    {Invariant::pass_makes_progress, "pass_makes_progress",
     "Sixteen consecutive passes in which poll returned at once do something: move a byte, give a "
     "callback, or get a new answer.",
     "lws 235, 1037; civetweb 1405", Level::loop, true},
    {Invariant::retry_repeats_arguments, "retry_repeats_arguments",
     "The next mbedtls_ssl_write after one that answered a retryable code has the same length and "
     "content.",
     "mbedtls/ssl.h; curl 15801", Level::api, false},
    {Invariant::buffer_is_the_callers, "buffer_is_the_callers",
     "What the shim hands to mbedTLS lies within what its caller handed in, and what it returns "
     "never exceeds the caller's length.",
     "SSL_read(3), SSL_write(3)", Level::api, false},
    {Invariant::failure_is_final, "failure_is_final",
     "A fatal answer is never reported as WANT, the shim makes no further I/O call of its own on "
     "that context, and the connection closes.",
     "mbedtls/ssl.h; lws 1521", Level::api, false},
    {Invariant::retryable_is_not_fatal, "retryable_is_not_fatal",
     "WANT_READ, WANT_WRITE and a session ticket never close the connection; a code that no event "
     "can end is never reported as OK or as a want.",
     "mbedtls/ssl.h", Level::api, false},
    {Invariant::api_call_asks_once, "api_call_asks_once",
     "One API call does not ask TLS again after a WANT.", "lws 1037", Level::api, false},
    {Invariant::no_byte_lost, "no_byte_lost",
     "Every byte that one end accepted reaches the other, in order.", "lws 6bc92f759", Level::api,
     false},
    {Invariant::no_byte_invented, "no_byte_invented",
     "No byte arrives that was not sent, and none twice.", "lws 6bc92f759", Level::api, false},
    {Invariant::close_completes, "close_completes",
     "A shutdown ends in bounded passes, with an attempt to send its alert and at most one alert "
     "on the wire.",
     "SSL_shutdown(3); lws 1037", Level::api, false},
    {Invariant::handshake_completes, "handshake_completes",
     "A connection is established exactly once, or closed.", "lws 3d98e2951", Level::loop, false},
    {Invariant::errno_is_noise, "errno_is_noise",
     "Answers are classified by their code, not by an errno left behind.", "lws 338, 2705",
     Level::api, false},
    {Invariant::verification_is_enforced, "verification_is_enforced",
     "Where verification was asked for, a bad or missing certificate never yields an established "
     "session.",
     "SSL_CTX_set_verify(3); lws 1214, 3257, 3421", Level::api, false},
    {Invariant::nothing_leaks, "nothing_leaks",
     "What a connection allocated is gone when it is freed, also when an allocation failed.",
     "lws 3177, 3538", Level::api, false},
    {Invariant::memory_is_bounded, "memory_is_bounded",
     "What a connection holds does not grow with how often it is asked while it waits.",
     "CVE-2016-6304", Level::api, false},
    {Invariant::session_is_whole, "session_is_whole",
     "A session is reported established once TLS has established it, and not before; one that "
     "memory ran out on works whole or closes.",
     "SSL_do_handshake(3)", Level::api, false},
    {Invariant::memory_is_safe, "memory_is_safe",
     "AddressSanitizer and MemorySanitizer have nothing to report.", "the sanitizers", Level::api,
     false},
    {Invariant::no_undefined_behaviour, "no_undefined_behaviour",
     "UndefinedBehaviorSanitizer has nothing to report.", "the sanitizers", Level::api, false},
}};

std::array<bool, invariant_count> switched_off{};

}  // namespace

std::span<const InvariantDescription> invariant_table() noexcept {
    return table;
}

const InvariantDescription& describe(Invariant invariant) noexcept {
    return table[static_cast<std::size_t>(invariant)];
}

void switch_off(Invariant invariant) noexcept {
    switched_off[static_cast<std::size_t>(invariant)] = true;
}

bool is_switched_off(Invariant invariant) noexcept {
    return switched_off[static_cast<std::size_t>(invariant)];
}

}  // namespace shimfuzz::harness
