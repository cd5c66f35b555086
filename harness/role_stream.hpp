// SPDX-License-Identifier: Apache-2.0
//
// What a peer of lws sends above TLS: the role's opening, then payload in the role's form.
//
// The opening is what makes lws call a connection established: the client's request to a server,
// the server's answer to a client. Everything is a pure function of position, so that a scenario
// carries sizes only; the payload inside is that of harness/payload.hpp. The raw role has neither
// opening nor form. Not here: what lws itself sends.
#pragma once

#include "harness/role_listener.hpp"
#include "harness/rx_stream.hpp"
#include "model/dialects/dialect.hpp"
#include "scenario/scenario.hpp"

#include <string_view>

namespace shimfuzz::harness {

// What lws_get_random gives while a scenario plays, so that a client's WebSocket key, and with it
// the answer that it expects, is always the same.
inline constexpr std::uint8_t random_byte = 0x55;

class RoleStream final : public RxStream {
public:
    RoleStream(scenario::Side side, scenario::Role role) noexcept;

    [[nodiscard]] std::span<const std::uint8_t> at(std::uint64_t position,
                                                   std::size_t size) noexcept override;

    [[nodiscard]] std::uint32_t admits(std::uint64_t position, std::uint64_t accepted,
                                       std::uint32_t size) const noexcept override;

    [[nodiscard]] bool hear(std::span<const std::uint8_t> bytes) noexcept override;

    // How much of the application's payload the peer has heard.
    [[nodiscard]] std::uint64_t payload_heard() const noexcept { return listener_.heard(); }

    // lws has called the connection established. Where nobody hears lws, that has to do.
    void opening_is_over() noexcept { opening_is_over_ = opening_is_over_ || !listens_; }

    // The peer hears what lws says, from the beginning.
    void listen() noexcept { listens_ = true; }

    // How long the opening is.
    [[nodiscard]] std::uint32_t opening_size() const noexcept;

    // The same as a dialect is told it.
    [[nodiscard]] model::PeerStream shape() const noexcept;

    // How many bytes of payload are among the first `position` bytes.
    [[nodiscard]] std::uint64_t payload_before(std::uint64_t position) const noexcept;

    // The same, but of whole frames only: lws keeps what there is of one until it has its end.
    [[nodiscard]] std::uint64_t whole_payload_before(std::uint64_t position) const noexcept;

private:
    // The bytes from `position` to the end of their piece (the opening, a head, a payload), 1 to
    // `size_max`.
    [[nodiscard]] std::span<const std::uint8_t> run_at(std::uint64_t position,
                                                       std::size_t size_max) const noexcept;

    scenario::Side side_;
    scenario::Role role_;
    bool listens_ = false;
    RoleListener listener_;
    bool opening_is_over_ = false;
    std::string_view opening_;
    std::string_view frame_head_;  // before each frame_payload bytes; empty: no frames
};

}  // namespace shimfuzz::harness
