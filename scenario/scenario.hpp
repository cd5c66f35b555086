// SPDX-License-Identifier: Apache-2.0
//
// A TLS connection's life as a value: how it is set up, and what then happens, in order.
//
// Everything else in this repository makes, plays, judges, stores or prints a Scenario. It holds no
// pointers and no payload: the content of every byte stream is a pure function of position
// (harness/payload.hpp), so that loss, duplication and reordering are visible and reproducers stay
// small. The only bytes it holds are those that no peer and no authority would make: see
// Scenario::raw. Which seam, loop and profile play it is not part of it: see Play.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace shimfuzz::scenario {

// No scenario is longer: a decoder stops here and a printer never has to.
inline constexpr std::size_t ops_max = 512;

// The largest byte count an op can name: above one TLS record (16384), so that mbedTLS must split
// a write, and far above the 1460 bytes at which lws's wrapper cuts one.
inline constexpr std::uint16_t size_max = 20000;

// Which end of the connection the subject is.
enum class Side : std::uint8_t { server, client };

// Whether op 0 finds an established session or one that has yet to shake hands.
enum class Start : std::uint8_t { established, handshake };

// What lws speaks above TLS, where lws's own loop plays. On other loops every connection is raw.
enum class Role : std::uint8_t { raw, ws, http };
inline constexpr std::uint8_t role_count = 3;

// Which TLS both ends speak, on the real seam. What the mbedTLS of the build does not have becomes
// 1.2.
enum class TlsVersion : std::uint8_t { tls12, tls13 };

// Who is at the other end of the wire, on the real seam: another mbedTLS, or nobody, and then all
// that ever arrives is the scenario's raw bytes.
enum class Peer : std::uint8_t { lawful, hostile };

// The most raw bytes a scenario can hold: above one TLS record with its header and overhead.
inline constexpr std::size_t raw_max = size_max;

// How both ends know each other, on the real seam: by a key they share, or by certificates. With
// certificates both speak TLS 1.2.
enum class Auth : std::uint8_t { psk, certificate };

// Which authority the side that verifies trusts: none at all, one that signed nothing, or the one
// that signed what a good peer shows.
enum class Trust : std::uint8_t { none, wrong, right };
inline constexpr std::uint8_t trust_count = 3;

// What the side that is verified shows. Each certificate has one fault, or none: that of
// self_signed is its issuer.
enum class Identity : std::uint8_t { none, self_signed, expired, wrong_host, good };
inline constexpr std::uint8_t identity_count = 5;

// What is asked of the subject: nothing, that a certificate is good if one is shown, or that a good
// one is shown. A client asks for a good one either way: no server comes without.
enum class Verify : std::uint8_t { none, optional, required };
inline constexpr std::uint8_t verify_count = 3;

// Setup::allow, as bits: what a client tolerates all the same, as an lws client is told by
// LCCSCF_ALLOW_SELFSIGNED, _ALLOW_EXPIRED and _SKIP_SERVER_CERT_HOSTNAME_CHECK.
inline constexpr std::uint8_t allow_untrusted = 1;
inline constexpr std::uint8_t allow_expired = 2;
inline constexpr std::uint8_t allow_any_host = 4;
inline constexpr std::uint8_t allow_all = 7;

struct Setup {
    Side side = Side::server;
    Start start = Start::established;
    std::uint16_t read_size = 4096;  // what the application passes to SSL_read, 1..size_max
    Role role = Role::raw;
    TlsVersion tls = TlsVersion::tls12;
    Peer peer = Peer::lawful;

    // With certificates only; canonical setups without have the defaults.
    Auth auth = Auth::psk;
    Trust trust = Trust::none;
    Identity identity = Identity::none;
    Verify verify = Verify::none;
    bool sends_name = true;  // the client says which host it means (SNI)
    std::uint8_t allow = 0;

    bool operator==(const Setup&) const = default;
};

// What an op is. The value is its opcode in the byte form: slots are never reused or renumbered,
// so that a stored corpus never changes its meaning. Unassigned slots decode to nothing.
enum class OpKind : std::uint8_t {
    // The caller without a loop: one lawful API call each (loop=none only).
    call_handshake = 0,
    call_read = 1,   // of `size` bytes
    call_write = 2,  // of `size` bytes, or the outstanding write again
    call_shutdown = 3,

    // The application (with a loop).
    app_write = 4,          // it has `size` more bytes to send and asks for the writeable callback
    app_ask_writeable = 5,  // lws_callback_on_writable
    app_rx_flow = 6,        // lws_rx_flow_control
    app_read_size = 7,      // from here on it reads `size` bytes at a time
    app_close = 8,

    // The loop.
    service_pass = 9,  // poll returns `revents`, masked by the interest and by what can be ready
    other_connection = 10,  // what follows is about the other of two connections (loop=lws only)

    // What mbedTLS answers, next time it is asked. Answers queue per function until consumed.
    answer_read = 12,
    answer_write = 13,
    answer_handshake = 14,
    answer_close_notify = 15,
    errno_noise = 16,  // errno is `value` when the next answer returns, whatever that answer is

    // The world around the scripted socket (profile plausible).
    tx_room = 20,    // the socket takes `bytes` more, until the next tx_room
    rx_record = 21,  // a record of `bytes` plaintext arrives; 0: one without application data

    alloc_fail = 24,  // the `nth` allocation the subject makes from here on fails (0: the next)

    // The peer and the wire (seam=real only).
    peer_write = 28,        // the peer's application sends `bytes` more
    peer_close = 29,        // the peer sends its close_notify
    peer_renegotiate = 30,  // the peer asks for a new handshake, where version and side allow it
    rx_room = 31,  // of what the peer sends `bytes` more reach the subject, until the next rx_room
    wire_corrupt =
        32,         // the byte `offset` ahead of what the subject reads next comes as `way` says
    wire_end = 33,  // nothing more comes after what is in flight: end of stream, or a reset
    wire_raw = 34,  // the next `bytes` of the scenario's raw bytes come after what is in flight

    // 35 to 38 are kept for the wire. 39 is no op: see raw_slot in bytes.hpp.

    // What no lawful caller does: played only on subjects that claim to guard against it.
    misuse_other_write = 40,         // another length, other bytes
    misuse_call_after_failure = 41,  // `call` on a connection that has failed
    misuse_zero_length = 42,
    misuse_negative_length = 43,
    misuse_null_buffer = 44,
    misuse_null_connection = 45,

    // What the shim's own configuration is given, before a connection is opened (seam=real,
    // loop=none).
    config_certificate = 46,  // `bytes` of a `material`, 0: all of it, as its certificate
    config_key = 47,          // ... as its key
    config_trust = 48,        // ... as an authority that it trusts
    config_damage = 49,       // the byte at `offset` of what is given next is damaged `way`
    config_alpn = 50,         // the next `bytes` of the raw bytes, as a list of protocols
    config_host = 51,         // the next `bytes` of the raw bytes, as the name of the host
};

inline constexpr std::uint8_t opcode_slots = 64;

// Revents of a service_pass, as bits of Op::choice.
inline constexpr std::uint8_t revents_in = 1;
inline constexpr std::uint8_t revents_out = 2;
inline constexpr std::uint8_t revents_hup = 4;

// What an answer op says, as Op::choice. Numbers of mbedTLS are looked up where they are played
// (harness/answer_codes.cpp), never written down.
enum class AnswerCode : std::uint8_t {
    ok,  // `bytes` of data (0: as many as asked for); for handshake and close_notify plain success
    want_read,
    want_write,
    eof,           // the transport ended without a close_notify
    close_notify,  // the peer's close_notify arrived
    ticket,        // MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET
    early_data,    // MBEDTLS_ERR_SSL_RECEIVED_EARLY_DATA
    async_in_progress,
    crypto_in_progress,
    client_reconnect,
    conn_reset,
    recv_failed,
    send_failed,
    invalid_context,
    fatal_alert,
    invalid_mac,
    invalid_record,
    internal_error,
    alloc_failed,
    counter_wrapping,
    buffer_too_small,
    bad_input,
    timeout,
    raw,  // minus `value`, whatever that means to the mbedTLS of the build
};

// What errno_noise sets, as Op::choice.
enum class ErrnoNoise : std::uint8_t { zero, eagain, enotconn, econnreset, epipe, eintr, einval };

// What becomes of a byte, as Op::choice of wire_corrupt.
enum class Corruption : std::uint8_t { flipped, dropped, doubled };

// What a config op gives, as Op::choice: raw bytes of the scenario, or what lws would give, in any
// of the forms in which an application may hold it. The NUL that ends PEM is counted or left out.
enum class Material : std::uint8_t { raw, pem, pem_unterminated, der, other_pem, other_der };

// How the wire ends, as Op::choice of wire_end.
enum class WireEnd : std::uint8_t { eof, reset };

// Which call a misuse op makes, as Op::choice.
enum class MisuseCall : std::uint8_t { read, write, handshake, shutdown };

// Op is one element of a scenario. `choice` and `number` mean what op_table says for the kind and
// are zero where the kind has none.
struct Op {
    OpKind kind = OpKind::service_pass;
    std::uint8_t choice = 0;
    std::uint16_t number = 0;

    bool operator==(const Op&) const = default;
};

struct Scenario {
    Setup setup;
    std::vector<Op> ops;            // at most ops_max
    std::vector<std::uint8_t> raw;  // what wire_raw sends; at most raw_max

    bool operator==(const Scenario&) const = default;
};

// Who answers the shim: the scenario in mbedTLS's place, or real mbedTLS over a simulated wire.
enum class Seam : std::uint8_t { scripted, real };

// Who calls the shim: nobody but the scenario's own call ops, the lawful loop, or the event loop of
// a real libwebsockets.
enum class Loop : std::uint8_t { none, lawful, lws };

// Which answers may be given: any, or only those a socket could lead to.
enum class Profile : std::uint8_t { any, plausible };

// Play is how a scenario is played. A target chooses it, the text form records it, bytes never do.
struct Play {
    Seam seam = Seam::scripted;
    Loop loop = Loop::lawful;
    Profile profile = Profile::plausible;

    bool operator==(const Play&) const = default;
};

}  // namespace shimfuzz::scenario
