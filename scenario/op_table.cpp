// SPDX-License-Identifier: Apache-2.0

#include "scenario/op_table.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace shimfuzz::scenario {
namespace {

constexpr std::array<std::string_view, 3> revents_names{"in", "out", "hup"};
constexpr std::array<std::string_view, 2> rx_flow_names{"on", "off"};
constexpr std::array<std::string_view, 4> misuse_call_names{"read", "write", "handshake",
                                                            "shutdown"};
constexpr std::array<std::string_view, 2> length_call_names{"read", "write"};
constexpr std::array<std::string_view, 3> corruption_names{"flipped", "dropped", "doubled"};
constexpr std::array<std::string_view, 2> wire_end_names{"eof", "reset"};
constexpr std::array<std::string_view, 7> errno_names{"0",     "EAGAIN", "ENOTCONN", "ECONNRESET",
                                                      "EPIPE", "EINTR",  "EINVAL"};
// clang-format off
constexpr std::array<std::string_view, 24> answer_names{
    "ok",          "want_read",       "want_write",      "eof",
    "close_notify", "ticket",         "early_data",      "async_in_progress",
    "crypto_in_progress", "client_reconnect", "conn_reset", "recv_failed",
    "send_failed", "invalid_context", "fatal_alert",     "invalid_mac",
    "invalid_record", "internal_error", "alloc_failed",  "counter_wrapping",
    "buffer_too_small", "bad_input",  "timeout",         "raw"};
// clang-format on
constexpr std::array<std::string_view, 6> material_names{"raw", "pem",       "pem_unterminated",
                                                         "der", "other_pem", "other_der"};
static_assert(material_names.size() == static_cast<std::size_t>(Material::other_der) + 1);
static_assert(answer_names.size() == static_cast<std::size_t>(AnswerCode::raw) + 1);
static_assert(errno_names.size() == static_cast<std::size_t>(ErrnoNoise::einval) + 1);
static_assert(corruption_names.size() == static_cast<std::size_t>(Corruption::doubled) + 1);
static_assert(wire_end_names.size() == static_cast<std::size_t>(WireEnd::reset) + 1);

constexpr std::uint16_t raw_code_max = 0x7fff;
constexpr std::uint16_t nth_max = 255;

consteval OpDescription plain(OpKind kind, std::string_view name, std::string_view meaning) {
    return {kind, name, ChoiceForm::none, "", {}, NumberForm::none, "", 0, meaning};
}

consteval OpDescription counted(OpKind kind, std::string_view name, std::string_view number_name,
                                std::uint16_t number_max, std::string_view meaning) {
    return {kind,        name,       ChoiceForm::none, "", {}, NumberForm::always,
            number_name, number_max, meaning};
}

consteval OpDescription chosen(OpKind kind, std::string_view name, std::string_view choice_name,
                               std::span<const std::string_view> choices,
                               std::string_view meaning) {
    return {kind, name, ChoiceForm::one_of, choice_name, choices, NumberForm::none, "", 0, meaning};
}

consteval OpDescription answer(OpKind kind, std::string_view name, std::string_view meaning) {
    return {kind,   name,         ChoiceForm::one_of,
            "code", answer_names, NumberForm::of_answer,
            "",     raw_code_max, meaning};
}

consteval OpDescription given(OpKind kind, std::string_view name, std::string_view meaning) {
    return {kind,       name,           ChoiceForm::one_of,
            "material", material_names, NumberForm::always,
            "bytes",    size_max,       meaning};
}

constexpr std::array op_descriptions{
    plain(OpKind::call_handshake, "call_handshake", "the caller calls SSL_accept or SSL_connect"),
    counted(OpKind::call_read, "call_read", "size", size_max, "the caller calls SSL_read"),
    counted(OpKind::call_write, "call_write", "size", size_max,
            "the caller calls SSL_write, or repeats the outstanding one"),
    plain(OpKind::call_shutdown, "call_shutdown", "the caller calls SSL_shutdown"),
    counted(OpKind::app_write, "app_write", "size", size_max,
            "the application has bytes to send and asks for the writeable callback"),
    plain(OpKind::app_ask_writeable, "app_ask_writeable",
          "the application asks for the writeable callback"),
    chosen(OpKind::app_rx_flow, "app_rx_flow", "flow", rx_flow_names,
           "the application turns rx flow on or off"),
    counted(OpKind::app_read_size, "app_read_size", "size", size_max,
            "the application's read buffer changes its size"),
    plain(OpKind::app_close, "app_close", "the application closes the connection"),
    OpDescription{OpKind::service_pass, "service_pass", ChoiceForm::set_of, "revents",
                  revents_names, NumberForm::none, "", 0,
                  "one turn of the loop, poll returning these revents as far as they can be"},
    plain(OpKind::other_connection, "other_connection",
          "what follows is about the other of two connections"),
    answer(OpKind::answer_read, "answer_read", "what the next mbedtls_ssl_read answers"),
    answer(OpKind::answer_write, "answer_write", "what the next mbedtls_ssl_write answers"),
    answer(OpKind::answer_handshake, "answer_handshake",
           "what the next handshake call of mbedTLS answers"),
    answer(OpKind::answer_close_notify, "answer_close_notify",
           "what the next mbedtls_ssl_close_notify answers"),
    chosen(OpKind::errno_noise, "errno_noise", "errno", errno_names,
           "the next answer leaves this errno behind"),
    counted(OpKind::tx_room, "tx_room", "bytes", size_max,
            "the socket takes this many more bytes, until the next tx_room"),
    counted(OpKind::rx_record, "rx_record", "bytes", size_max,
            "a record arrives; 0 bytes: one without application data"),
    counted(OpKind::alloc_fail, "alloc_fail", "nth", nth_max,
            "an allocation the subject makes from here on fails, counting from 0"),
    counted(OpKind::peer_write, "peer_write", "bytes", size_max,
            "the peer's application sends this many bytes more"),
    plain(OpKind::peer_close, "peer_close", "the peer sends its close_notify"),
    plain(OpKind::peer_renegotiate, "peer_renegotiate",
          "the peer asks for a new handshake, where version and side allow it"),
    counted(OpKind::rx_room, "rx_room", "bytes", size_max,
            "of what the peer sends this many bytes more arrive, until the next rx_room"),
    OpDescription{OpKind::wire_corrupt, "wire_corrupt", ChoiceForm::one_of, "way", corruption_names,
                  NumberForm::always, "offset", size_max,
                  "the byte this far ahead of what the subject reads next is damaged"},
    chosen(OpKind::wire_end, "wire_end", "way", wire_end_names,
           "nothing comes after what is in flight"),
    counted(
        OpKind::wire_raw, "wire_raw", "bytes", size_max,
        "so many of the scenario's raw bytes come after what is in flight; 0: all that are left"),
    plain(OpKind::misuse_other_write, "misuse_other_write",
          "the caller writes another length, and other bytes, while a write is outstanding"),
    chosen(OpKind::misuse_call_after_failure, "misuse_call_after_failure", "call",
           misuse_call_names, "the caller goes on after the connection has failed"),
    chosen(OpKind::misuse_zero_length, "misuse_zero_length", "call", length_call_names,
           "the caller passes a length of 0"),
    chosen(OpKind::misuse_negative_length, "misuse_negative_length", "call", length_call_names,
           "the caller passes a length of -1"),
    chosen(OpKind::misuse_null_buffer, "misuse_null_buffer", "call", length_call_names,
           "the caller passes NULL for the buffer"),
    chosen(OpKind::misuse_null_connection, "misuse_null_connection", "call", misuse_call_names,
           "the caller passes NULL for the connection"),
    given(OpKind::config_certificate, "config_certificate",
          "the shim is given this as its certificate; 0 bytes: all of it"),
    given(OpKind::config_key, "config_key",
          "the shim is given this as its key; 0 bytes: all of it"),
    given(OpKind::config_trust, "config_trust",
          "the shim is given this as an authority to trust; 0 bytes: all of it"),
    OpDescription{OpKind::config_damage, "config_damage", ChoiceForm::one_of, "way",
                  corruption_names, NumberForm::always, "offset", size_max,
                  "the byte there, of what the shim is given next, is damaged"},
    counted(OpKind::config_alpn, "config_alpn", "bytes", size_max,
            "the shim is given so many of the raw bytes as a list of protocols; 0: all"),
    counted(OpKind::config_host, "config_host", "bytes", size_max,
            "the shim is given so many of the raw bytes as the name of the host; 0: all"),
};

constexpr std::uint8_t unassigned = std::numeric_limits<std::uint8_t>::max();

// Which description each slot has: decoding looks one up per op.
constexpr std::array<std::uint8_t, opcode_slots> index_of_slot = [] {
    std::array<std::uint8_t, opcode_slots> index{};
    index.fill(unassigned);
    for (std::size_t i = 0; i < op_descriptions.size(); ++i) {
        index[static_cast<std::size_t>(op_descriptions[i].kind)] = static_cast<std::uint8_t>(i);
    }
    return index;
}();

std::uint8_t canonical_choice(const OpDescription& description, std::uint8_t choice) noexcept {
    const auto count = static_cast<std::uint8_t>(description.choices.size());
    switch (description.choice_form) {
    case ChoiceForm::none:
        return 0;
    case ChoiceForm::one_of:
        return choice < count ? choice : static_cast<std::uint8_t>(choice % count);
    case ChoiceForm::set_of:
        return static_cast<std::uint8_t>(choice & ((1U << count) - 1));
    }
    return 0;
}

bool has_number(const OpDescription& description, std::uint8_t choice) noexcept {
    switch (description.number_form) {
    case NumberForm::none:
        return false;
    case NumberForm::always:
        return true;
    case NumberForm::of_answer:
        return choice == static_cast<std::uint8_t>(AnswerCode::ok) ||
               choice == static_cast<std::uint8_t>(AnswerCode::raw);
    }
    return false;
}

std::uint16_t number_max(const OpDescription& description, std::uint8_t choice) noexcept {
    const bool is_byte_count = description.number_form == NumberForm::of_answer &&
                               choice == static_cast<std::uint8_t>(AnswerCode::ok);
    return is_byte_count ? size_max : description.number_max;
}

}  // namespace

std::span<const OpDescription> op_table() noexcept {
    return op_descriptions;
}

const OpDescription& describe(OpKind kind) noexcept {
    return op_descriptions[index_of_slot[static_cast<std::size_t>(kind)]];
}

const OpDescription* find_op(std::uint8_t slot) noexcept {
    const std::uint8_t index = index_of_slot[slot % opcode_slots];
    return index == unassigned ? nullptr : &op_descriptions[index];
}

const OpDescription* find_op(std::string_view name) noexcept {
    const auto* found = std::ranges::find(op_descriptions, name, &OpDescription::name);
    return found == op_descriptions.end() ? nullptr : found;
}

bool has_number(const Op& op) noexcept {
    return has_number(describe(op.kind), op.choice);
}

std::uint16_t number_max_of(const Op& op) noexcept {
    return number_max(describe(op.kind), op.choice);
}

Op canonical(Op op) noexcept {
    const OpDescription& description = describe(op.kind);
    op.choice = canonical_choice(description, op.choice);
    if (!has_number(description, op.choice)) {
        op.number = 0;
        return op;
    }
    const std::uint32_t max = number_max(description, op.choice);
    op.number = op.number <= max ? op.number : static_cast<std::uint16_t>(op.number % (max + 1));
    return op;
}

Setup canonical(Setup setup) noexcept {
    setup.read_size = setup.read_size == 0
                          ? Setup{}.read_size
                          : static_cast<std::uint16_t>((setup.read_size - 1U) % size_max + 1U);
    // Nobody is there to have shaken hands with.
    setup.start = setup.peer == Peer::hostile ? Start::handshake : setup.start;
    if (setup.auth == Auth::psk) {
        setup.trust = Trust::none;
        setup.identity = Identity::none;
        setup.verify = Verify::none;
        setup.sends_name = true;
    }
    const bool may_allow = setup.auth == Auth::certificate && setup.side == Side::client;
    setup.allow = may_allow ? static_cast<std::uint8_t>(setup.allow & allow_all) : std::uint8_t{0};
    return setup;
}

bool belongs_to(OpKind kind, const Play& play) noexcept {
    const bool scripted = play.seam == Seam::scripted;
    switch (kind) {
    case OpKind::call_handshake:
    case OpKind::call_read:
    case OpKind::call_write:
    case OpKind::call_shutdown:
        return play.loop == Loop::none;
    case OpKind::misuse_other_write:
    case OpKind::misuse_call_after_failure:
    case OpKind::misuse_zero_length:
    case OpKind::misuse_negative_length:
    case OpKind::misuse_null_buffer:
    case OpKind::misuse_null_connection:
        return scripted && play.loop == Loop::none;
    case OpKind::app_write:
    case OpKind::app_ask_writeable:
    case OpKind::app_rx_flow:
    case OpKind::app_close:
    case OpKind::service_pass:
        return play.loop != Loop::none;
    case OpKind::app_read_size:
        return play.loop == Loop::lawful;  // lws has one buffer for all that it reads
    case OpKind::other_connection:
        return scripted && play.loop == Loop::lws;
    case OpKind::answer_read:
    case OpKind::answer_write:
    case OpKind::answer_handshake:
    case OpKind::answer_close_notify:
    case OpKind::errno_noise:
    case OpKind::rx_record:
        return scripted;
    case OpKind::tx_room:
    case OpKind::alloc_fail:
        return true;
    case OpKind::peer_write:
    case OpKind::peer_close:
    case OpKind::rx_room:
    case OpKind::wire_corrupt:
    case OpKind::wire_end:
        return !scripted;
    case OpKind::peer_renegotiate:
        // Streams are not the question without a loop.
        return !scripted && play.loop != Loop::none;
    case OpKind::config_certificate:
    case OpKind::config_key:
    case OpKind::config_trust:
    case OpKind::config_damage:
    case OpKind::config_alpn:
    case OpKind::config_host:
        // The lawful loop has no context to configure.
        return !scripted && play.loop != Loop::lawful && play.profile == Profile::any;
    case OpKind::wire_raw:
        return !scripted && play.profile == Profile::any;
    }
    return false;
}

}  // namespace shimfuzz::scenario
