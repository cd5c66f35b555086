// SPDX-License-Identifier: Apache-2.0
//
// The real seam: mbedTLS answers, on both ends; the scenario has the wire and the peer's
// application.
//
// The same interposed functions as on the scripted seam hand over to this, ask mbedTLS itself, and
// keep the truth. The subject's socket is the wire: what it sends and receives goes there whatever
// function it uses. Clock and chance are the same in every run.
//
// Not here: what the shim makes of the answers.
#pragma once

#include "harness/determinism.hpp"
#include "harness/mbedtls_calls.hpp"
#include "harness/peer.hpp"
#include "harness/quick_session.hpp"
#include "harness/tls_seam.hpp"

namespace shimfuzz::harness {

class RealTls final : public TlsSeam {
public:
    // One at a time: wire and peer are the process's.
    explicit RealTls(const scenario::Scenario& scenario) noexcept
        : RealTls{scenario, scenario.setup} {}

    // The same, set up otherwise than the scenario says.
    RealTls(const scenario::Scenario& scenario, const scenario::Setup& setup) noexcept;
    ~RealTls();

    void play_to(std::uint32_t) noexcept override {}
    bool play(const scenario::Op& op) noexcept override;
    bool turn() noexcept override;
    void settle() noexcept override;
    void assume_established(bool assumed) noexcept override { wire_.set_undisturbed(assumed); }
    void receive_from(RxStream& stream) noexcept override { peer_.speak(stream); }
    void receive_opening(std::uint32_t bytes) noexcept override;
    [[nodiscard]] bool opening_waits() noexcept override { return wire_.readable(); }
    void has_socket(bool) noexcept override {}  // who has none sends to none
    void no_more_output() noexcept override { wire_.shut_down(); }
    [[nodiscard]] bool noise_applied() const noexcept override { return false; }
    [[nodiscard]] bool readable() noexcept override { return wire_.readable(); }
    [[nodiscard]] bool writeable() const noexcept override { return wire_.writeable(); }
    [[nodiscard]] std::int64_t room() const noexcept override;
    [[nodiscard]] std::uint64_t unread() const noexcept override;
    [[nodiscard]] std::uint32_t records_waiting() const noexcept override;

    // What the interposed functions of mbedTLS ask. `ssl` is the subject's.
    int read(mbedtls_ssl_context* ssl, std::span<std::uint8_t> data) noexcept;
    int write(mbedtls_ssl_context* ssl, std::span<const std::uint8_t> data) noexcept;
    int handshake(mbedtls_ssl_context* ssl, bool one_step) noexcept;
    int close_notify(mbedtls_ssl_context* ssl) noexcept;

    // The subject sets `ssl` up on `conf`: it is the connection from here on.
    void context_made(mbedtls_ssl_context* ssl, mbedtls_ssl_config& conf) noexcept;

    // is_asked says whether a call for `ssl` is the subject's own: not the peer's, and not one that
    // mbedTLS makes of itself.
    [[nodiscard]] bool is_asked(const mbedtls_ssl_context* ssl) const noexcept {
        return ssl == ssl_ && !inside_;
    }

    [[nodiscard]] Wire& wire() noexcept { return wire_; }
    [[nodiscard]] const Peer& peer() const noexcept { return peer_; }
    [[nodiscard]] SeededChance& chance() noexcept { return chance_; }

private:
    [[nodiscard]] bool judge_allows(Function function, std::span<const std::uint8_t> data) noexcept;
    void notice_sent_on_the_way() noexcept;
    void notice_room_for_read(Function asked) noexcept;
    int came_back(Function function, int returned, std::size_t bytes) noexcept;
    bool inject_raw(std::size_t size) noexcept;

    const scenario::Scenario& scenario_;
    scenario::Setup setup_;
    const SystemCalls* system_before_;  // the peer is made, and lives, on the simulated clock
    Wire& wire_;
    Peer& peer_;
    SeededChance chance_;
    mbedtls_ssl_context* ssl_ = nullptr;
    bool inside_ = false;
    bool alert_pending_ = false;
    std::size_t raw_sent_ = 0;
};

// InstalledReal makes `tls` the one that the interposed functions call, while it lives.
class InstalledReal {
public:
    explicit InstalledReal(RealTls& tls) noexcept;
    ~InstalledReal();
    InstalledReal(const InstalledReal&) = delete;
    InstalledReal& operator=(const InstalledReal&) = delete;
};

}  // namespace shimfuzz::harness
