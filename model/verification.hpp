// SPDX-License-Identifier: Apache-2.0
//
// Who may be let in: what is wrong with what a peer shows, and whether a session may come of it.
//
// A table in the form of two functions. It knows the setup alone: what is shown, who is trusted,
// what was asked for. It knows no TLS.
#pragma once

#include "scenario/scenario.hpp"

namespace shimfuzz::model {

// What is wrong with what the verified side shows. Where nobody trusted stands behind a
// certificate, nothing else that it says counts.
enum class Fault : std::uint8_t { none, nothing_shown, untrusted, expired, wrong_name };

[[nodiscard]] constexpr Fault fault_of(const scenario::Setup& setup) noexcept {
    using scenario::Identity;
    if (setup.identity == Identity::none) {
        return Fault::nothing_shown;
    }
    if (setup.trust != scenario::Trust::right || setup.identity == Identity::self_signed) {
        return Fault::untrusted;
    }
    if (setup.identity == Identity::expired) {
        return Fault::expired;
    }
    // Clients have no name that a server could look for.
    const bool is_named = setup.side == scenario::Side::client;
    return is_named && setup.identity == Identity::wrong_host ? Fault::wrong_name : Fault::none;
}

[[nodiscard]] constexpr bool is_allowed(Fault fault, std::uint8_t allow) noexcept {
    switch (fault) {
    case Fault::none:
        return true;
    case Fault::nothing_shown:
        return false;
    case Fault::untrusted:
        return (allow & scenario::allow_untrusted) != 0;
    case Fault::expired:
        return (allow & scenario::allow_expired) != 0;
    case Fault::wrong_name:
        return (allow & scenario::allow_any_host) != 0;
    }
    return false;
}

// fault_without_trust says what `fault` looks like to who has lost its authorities, or lacked the
// memory to verify a signature of theirs.
[[nodiscard]] constexpr Fault fault_without_trust(Fault fault) noexcept {
    return fault == Fault::nothing_shown ? fault : Fault::untrusted;
}

// must_be_refused says whether verification was asked for in `setup`, and the peer fails it. Who
// tolerates the untrusted, and finds nobody to trust, may tolerate anybody who shows something.
[[nodiscard]] constexpr bool must_be_refused(const scenario::Setup& setup,
                                             bool may_look_untrusted = false) noexcept {
    const Fault fault = fault_of(setup);
    switch (setup.verify) {
    case scenario::Verify::none:
        return false;
    case scenario::Verify::optional:
        if (setup.side == scenario::Side::server && fault == Fault::nothing_shown) {
            return false;
        }
        break;
    case scenario::Verify::required:
        break;
    }
    return !is_allowed(fault, setup.allow) &&
           !(may_look_untrusted && is_allowed(fault_without_trust(fault), setup.allow));
}

// may_be_established says whether a session comes of an undisturbed handshake. Without a
// certificate of the server there is none to be had, whoever asks.
[[nodiscard]] constexpr bool may_be_established(const scenario::Setup& setup) noexcept {
    if (setup.auth == scenario::Auth::psk) {
        return true;
    }
    const bool server_shows =
        setup.side == scenario::Side::server || setup.identity != scenario::Identity::none;
    return server_shows && !must_be_refused(setup);
}

}  // namespace shimfuzz::model
