// SPDX-License-Identifier: Apache-2.0

#include "harness/alphabet.hpp"

namespace shimfuzz::harness {
namespace {

using scenario::AnswerCode;
using scenario::ErrnoNoise;
using scenario::Loop;
using scenario::MisuseCall;
using scenario::Op;
using scenario::OpKind;
using scenario::Play;
using scenario::Profile;
using scenario::Setup;

// One byte or two: what is whole, and what can be cut. And the largest number an op can name.
constexpr std::array<std::uint16_t, 3> call_sizes{1, 2, scenario::size_max};

// The least in which bytes that were doubled or left out show, where one or two move.
constexpr std::size_t content_period = 3;

constexpr std::uint16_t loop_write_size = 2;
constexpr std::uint16_t loop_read_size = 2;

template <class Value>
Op op_of(OpKind kind, Value choice, std::uint16_t number = 0) {
    return {.kind = kind, .choice = static_cast<std::uint8_t>(choice), .number = number};
}

Op op_of(OpKind kind) {
    return {.kind = kind, .choice = 0, .number = 0};
}

// Every code that a scenario can name but `ok`, which is a count, and `raw`, which is a number.
std::vector<AnswerCode> named_codes() {
    std::vector<AnswerCode> codes;
    for (auto code = static_cast<int>(AnswerCode::want_read);
         code < static_cast<int>(AnswerCode::raw); ++code) {
        codes.push_back(static_cast<AnswerCode>(code));
    }
    return codes;
}

bool is_an_end(AnswerCode code) noexcept {
    const model::Answer answer = reply_for(Function::read, code, 0).answer;
    return answer == model::Answer::eof || answer == model::Answer::closed ||
           answer == model::Answer::fatal;
}

std::vector<Op> answers_of(Function function, Profile profile) {
    constexpr std::array<OpKind, function_count> kinds{OpKind::answer_read, OpKind::answer_write,
                                                       OpKind::answer_handshake,
                                                       OpKind::answer_close_notify};
    const OpKind kind = kinds[static_cast<std::size_t>(function)];
    const bool is_read = function == Function::read;
    std::vector<Op> answers;
    if (function == Function::write) {
        answers.push_back(op_of(kind, AnswerCode::ok, 1));
    }
    // A record of its own: as much as is asked for, less, or more. A socket has its own records.
    if (is_read && profile == Profile::any) {
        for (const std::uint16_t size : std::array<std::uint16_t, 3>{0, 1, loop_read_size + 1}) {
            answers.push_back(op_of(kind, AnswerCode::ok, size));
        }
    }
    for (const AnswerCode code : named_codes()) {
        const bool is_ahead = is_read && profile == Profile::plausible && is_an_end(code);
        const bool is_said_anyway = is_read && code == AnswerCode::want_read;
        if (!is_ahead && !is_said_anyway) {
            answers.push_back(op_of(kind, code));
        }
    }
    return answers;
}

void add(Alphabet& alphabet, const Op& op, bool asks = false) {
    alphabet.letters.push_back({.op = op, .asks = asks});
}

void add_calls(Alphabet& alphabet) {
    add(alphabet, op_of(OpKind::call_handshake), true);
    for (const std::uint16_t size : call_sizes) {
        add(alphabet, op_of(OpKind::call_read, 0, size), true);
        add(alphabet, op_of(OpKind::call_write, 0, size), true);
    }
    add(alphabet, op_of(OpKind::call_shutdown), true);
    for (auto noise = 0; noise <= static_cast<int>(ErrnoNoise::einval); ++noise) {
        alphabet.noise.push_back(op_of(OpKind::errno_noise, noise));
    }
}

void add_misuse(Alphabet& alphabet) {
    add(alphabet, op_of(OpKind::misuse_other_write));
    for (const auto call : {MisuseCall::read, MisuseCall::write}) {
        add(alphabet, op_of(OpKind::misuse_zero_length, call));
        add(alphabet, op_of(OpKind::misuse_negative_length, call));
        add(alphabet, op_of(OpKind::misuse_null_buffer, call));
    }
    for (const auto call :
         {MisuseCall::read, MisuseCall::write, MisuseCall::handshake, MisuseCall::shutdown}) {
        add(alphabet, op_of(OpKind::misuse_call_after_failure, call));
        add(alphabet, op_of(OpKind::misuse_null_connection, call));
    }
}

void add_application(Alphabet& alphabet) {
    add(alphabet, op_of(OpKind::app_write, 0, loop_write_size));
    add(alphabet, op_of(OpKind::app_ask_writeable));
    add(alphabet, op_of(OpKind::app_rx_flow, 0));
    add(alphabet, op_of(OpKind::app_rx_flow, 1));
    add(alphabet, op_of(OpKind::app_close), true);
}

// Nothing at all cannot be said: no bit is `whatever is ready`, as both are.
void add_passes(Alphabet& alphabet) {
    constexpr int all = scenario::revents_in | scenario::revents_out | scenario::revents_hup;
    for (int revents = 1; revents <= all; ++revents) {
        add(alphabet, op_of(OpKind::service_pass, revents), true);
    }
}

// The socket: no room, room for half of a write, for all of it; records without data, of as much as
// is read at once, of more; and how the stream ends.
void add_socket(Alphabet& alphabet) {
    for (const std::uint16_t bytes : std::array<std::uint16_t, 3>{0, 1, loop_write_size}) {
        add(alphabet, op_of(OpKind::tx_room, 0, bytes));
    }
    for (const std::uint16_t bytes :
         std::array<std::uint16_t, 3>{0, loop_read_size, loop_read_size + 1}) {
        add(alphabet, op_of(OpKind::rx_record, 0, bytes));
    }
    for (const AnswerCode code : named_codes()) {
        if (is_an_end(code)) {
            alphabet.ends.push_back(op_of(OpKind::answer_read, code));
        }
    }
    add(alphabet, alphabet.ends.front());
}

}  // namespace

bool has_alphabet(const Play& play) noexcept {
    const bool is_called = play.loop == Loop::none && play.profile == Profile::any;
    return play.seam == scenario::Seam::scripted && (is_called || play.loop == Loop::lawful);
}

Alphabet alphabet_of(const Play& play, bool with_misuse, bool with_content) {
    Alphabet alphabet{.payload_period = with_content ? content_period : 1};
    for (const auto side : {scenario::Side::server, scenario::Side::client}) {
        for (const auto start : {scenario::Start::established, scenario::Start::handshake}) {
            alphabet.setups.push_back(
                Setup{.side = side, .start = start, .read_size = loop_read_size});
        }
    }
    for (std::size_t function = 0; function < function_count; ++function) {
        alphabet.answers[function] = answers_of(static_cast<Function>(function), play.profile);
    }
    if (play.loop == Loop::none) {
        add_calls(alphabet);
        if (with_misuse) {
            add_misuse(alphabet);
        }
        return alphabet;
    }
    add_application(alphabet);
    add_passes(alphabet);
    if (play.profile == Profile::plausible) {
        add_socket(alphabet);
    }
    return alphabet;
}

bool may_follow(const Letter& letter, const Pause& pause) noexcept {
    if (letter.op.kind == OpKind::rx_record) {
        return pause.records < records_ahead_max;
    }
    if (letter.op.kind == OpKind::app_write) {
        return pause.writes < writes_ahead_max;
    }
    return letter.op.kind != OpKind::answer_read || pause.answers < ends_ahead_max;
}

}  // namespace shimfuzz::harness
