// SPDX-License-Identifier: Apache-2.0
//
// Between the answers of a scenario and the numbers of the mbedTLS of this build.
//
// The only place that knows mbedTLS's error numbers; they come from its headers.
#pragma once

#include "model/ssl_contract.hpp"
#include "scenario/scenario.hpp"

#include <span>

namespace shimfuzz::harness {

// The four functions of mbedTLS that answer.
enum class Function : std::uint8_t { read, write, handshake, close_notify };
inline constexpr std::size_t function_count = 4;

// Reply is what an mbedTLS function returns, and what that means to its caller.
struct Reply {
    model::Answer answer = model::Answer::ok;
    int code = 0;  // the value returned, except for the count of an ok

    bool operator==(const Reply&) const = default;
};

// reply_for returns what `function` returns for `code` (with `raw_value` for AnswerCode::raw). A
// code this mbedTLS does not have becomes WANT_READ.
[[nodiscard]] Reply reply_for(Function function, scenario::AnswerCode code,
                              std::uint16_t raw_value) noexcept;

// classify returns what `code`, returned by `function`, means: mbedtls/ssl.h.
[[nodiscard]] model::Answer classify(Function function, int code) noexcept;

// transport_codes returns the codes with which mbedTLS says that what is below TLS failed.
[[nodiscard]] std::span<const int> transport_codes() noexcept;

// want_code returns MBEDTLS_ERR_SSL_WANT_READ or _WRITE as a reply.
[[nodiscard]] Reply want_reply(model::Answer want) noexcept;

// errno_of returns the errno that a noise op sets.
[[nodiscard]] int errno_of(scenario::ErrnoNoise noise) noexcept;

}  // namespace shimfuzz::harness
