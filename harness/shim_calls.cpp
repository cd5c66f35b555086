// SPDX-License-Identifier: Apache-2.0

#include "harness/shim_calls.hpp"

#include "harness/allocation.hpp"
#include "harness/certificates.hpp"
#include "harness/feedback.hpp"
#include "harness/payload.hpp"
#include "harness/wire.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace shimfuzz::harness {
namespace {

using model::Report;
using scenario::MisuseCall;
using scenario::OpKind;

// No handshake that nothing disturbs takes more calls than this.
constexpr std::uint32_t handshake_calls_max = 16;

// The caller's two buffers. What a call gets ends where its buffer ends, so that the first byte too
// far is out of bounds for AddressSanitizer.
alignas(16) std::array<std::uint8_t, scenario::size_max + 1> read_memory;
alignas(16) std::array<std::uint8_t, scenario::size_max + 1> write_memory;

std::span<std::uint8_t> last_bytes(std::span<std::uint8_t> memory, std::size_t size) noexcept {
    return memory.last(std::min(size, memory.size()));
}

std::span<std::uint8_t> write_buffer(std::uint64_t position, std::size_t size) noexcept {
    const std::span<std::uint8_t> buffer = last_bytes(write_memory, size);
    const std::span<const std::uint8_t> content =
        payload(position, std::min<std::size_t>(size, scenario::size_max));
    std::memcpy(buffer.data(), content.data(), content.size());
    return buffer;
}

subject_side side_of(const scenario::Setup& setup) noexcept {
    return setup.side == scenario::Side::client ? subject_side_client : subject_side_server;
}

static_assert(static_cast<int>(scenario::Verify::required) == subject_verify_required);
static_assert(scenario::allow_any_host == subject_allow_any_host);

Place place_of(MisuseCall call) noexcept {
    switch (call) {
    case MisuseCall::read:
        return Place::read;
    case MisuseCall::write:
        return Place::write;
    case MisuseCall::handshake:
        return Place::handshake;
    case MisuseCall::shutdown:
        return Place::shutdown;
    }
    return Place::read;
}

int raw_call(MisuseCall call, subject_connection* connection, std::uint8_t* buffer,
             int size) noexcept {
    switch (call) {
    case MisuseCall::read:
        return subject_read(connection, buffer, size);
    case MisuseCall::write:
        return subject_write(connection, buffer, size);
    case MisuseCall::handshake:
        return subject_handshake(connection);
    case MisuseCall::shutdown:
        return subject_shutdown(connection);
    }
    return 0;
}

// Where `address` points to, as the number of a block and the place in it.
struct Target {
    std::size_t block = 0;
    std::uint64_t offset = 0;
};

std::optional<Target> target_of(std::uint64_t address) noexcept {
    const std::span<const Block> all = blocks();
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto begin = reinterpret_cast<std::uintptr_t>(all[i].at);
        if (address >= begin && address - begin < all[i].size) {
            return Target{.block = i, .offset = address - begin};
        }
    }
    return std::nullopt;
}

// A caller's buffer is the shim's to read while its call is on. One that kept a pointer into it
// remembers what is there, too.
void put_what_is_kept_of(std::span<const std::uint8_t> memory, std::uint64_t address,
                         State& state) {
    const auto begin = reinterpret_cast<std::uintptr_t>(memory.data());
    if (address >= begin && address - begin < memory.size()) {
        const std::span<const std::uint8_t> kept = memory.subspan(address - begin);
        state.put(kept.size());
        for (const std::uint8_t byte : kept) {
            state.put(byte);
        }
    }
}

// What the subject has allocated, word by word. Where its allocations lie is chance: what points
// into one of them says into which, and where. Everything else is put as it is, addresses of the
// program and of what all connections share included: they are the same for the whole process.
void put_memory(State& state) {
    state.put(blocks().size());
    for (const Block& block : blocks()) {
        state.put(block.size);
        for (std::size_t at = 0; at < block.size; at += sizeof(std::uint64_t)) {
            std::uint64_t word = 0;
            std::memcpy(&word, block.at + at, std::min(sizeof word, block.size - at));
            const std::optional<Target> target = target_of(word);
            state.put(target.has_value() ? target->offset : word, target.has_value());
            if (target.has_value()) {
                state.put(target->block);
            }
            put_what_is_kept_of(read_memory, word, state);
            put_what_is_kept_of(write_memory, word, state);
        }
    }
}

}  // namespace

ShimCalls::~ShimCalls() {
    free();
}

bool ShimCalls::open(const scenario::Setup& setup) noexcept {
    if (connection_ != nullptr || opened_) {
        return connection_ != nullptr;
    }
    opened_ = true;
    setup_ = setup;
    {
        const SubjectScope scope;
        connection_ = new_connection();
        if (connection_ == nullptr) {
            free_context();
        }
    }
    if (allocation_failed()) {
        tls_.runs_out_of_memory();
    }
    if (connection_ == nullptr) {
        judge_.freed(allocations_live());
        return false;
    }
    judge_.may_refuse_peer(context_ != nullptr && setup.verify != scenario::Verify::none);
    if (setup.start == scenario::Start::established) {
        establish();
    }
    return connection_ != nullptr;
}

subject_connection* ShimCalls::new_connection() noexcept {
    if (!tls_.facts().has_certificates && context_ == nullptr) {
        return subject_open(side_of(setup_), wire_fd);
    }
    context_ = context_ == nullptr ? new_context() : context_;
    const char* host = host_.front() == '\0' ? host_name : host_.data();
    return context_ == nullptr
               ? nullptr
               : subject_open_in(context_, wire_fd, host, setup_.sends_name ? 1 : 0);
}

subject_context* ShimCalls::context_to_configure(const scenario::Setup& setup) noexcept {
    if (context_ == nullptr && !opened_) {
        setup_ = setup;
        const SubjectScope scope;
        context_ = new_context();
    }
    return opened_ ? nullptr : context_;
}

void ShimCalls::set_host(std::span<const std::uint8_t> name) noexcept {
    const std::size_t size = std::min(name.size(), host_size_max);
    std::copy_n(name.begin(), size, host_.begin());
    host_[size] = '\0';
    judges_peer_ = false;
}

// As lws makes its virtual hosts: what a server shows was turned into DER before, authorities are
// handed on as they are.
subject_context* ShimCalls::new_context() noexcept {
    subject_context* context = subject_context_new(side_of(setup_));
    if (context == nullptr) {
        return nullptr;
    }
    bool configured = true;
    const auto configure = [&](auto* call, std::span<const std::uint8_t> data) {
        configured = configured && (data.empty() || call(context, data.data(), data.size()) == 1);
    };
    configure(subject_trust, authority_of(setup_.trust).pem);
    if (setup_.auth == scenario::Auth::certificate && setup_.side == scenario::Side::server) {
        const Credentials own = credentials_of(setup_.side, scenario::Identity::good);
        configure(subject_use_certificate, own.certificate.der);
        configure(subject_use_key, own.key.der);
    }
    if (!configured) {
        subject_context_free(context);
        return nullptr;
    }
    subject_set_verify(context, static_cast<subject_verify>(setup_.verify), setup_.allow);
    return context;
}

void ShimCalls::free_context() noexcept {
    if (context_ != nullptr) {
        subject_context_free(context_);
        context_ = nullptr;
    }
}

// On the scripted seam it takes one call. Where the world moves by itself, both ends take their
// turns until it is done, or one has given up. A shim that calls a want a failure is asked again
// all the same, as lws does: what a handshake is told while it waits is judged where the scenario
// begins with it, and what comes after would else never be seen of such a shim.
void ShimCalls::establish() noexcept {
    tls_.assume_established(true);
    establishing_ = true;
    CallResult result = handshake();
    for (std::uint32_t i = 0; i < handshake_calls_max && has_wanted() && tls_.turn(); ++i) {
        result = handshake();
    }
    establishing_ = false;
    if (tls_.turn() && result.report != Report::ok) {
        free();
    }
    tls_.assume_established(false);
}

// mbedTLS last answered the call that it waits.
bool ShimCalls::has_wanted() const noexcept {
    const std::optional<model::Answer> truth = judge_.truth();
    return truth.has_value() && model::is_want(*truth);
}

void ShimCalls::begin(Place place, std::span<const std::uint8_t> buffer) noexcept {
    place_ = place;
    asked_ = buffer.size();
    judge_.call_began(place, buffer);
    TraceCall* call = nullptr;
    if (row_ != nullptr) {
        row_->calls.push_back({.place = place,
                               .asked = static_cast<std::int32_t>(buffer.size()),
                               .returned = 0,
                               .report = Report::ok,
                               .told = {},
                               .answers = {}});
        call = &row_->calls.back();
    }
    tls_.tell(&judge_, loop_judge_, call);
    errno = 0;
}

// What lws learns from a call that returned <= 0. Handshake and shutdown take SSL_ERROR_SSL for an
// end, read and write ask on (lws v4.3.5 lib/tls/mbedtls/mbedtls-ssl.c:80-100, 190-205, 309-343).
Report ShimCalls::ask_report(int returned) const noexcept {
    if (returned > 0) {
        return Report::ok;
    }
    const bool io = place_ == Place::read || place_ == Place::write;
    if (place_ == Place::shutdown && returned == 0) {
        return Report::want_read;  // "needs a retry": lws waits for POLLIN
    }
    const subject_error error = subject_get_error(connection_, returned);
    if (error == subject_error_zero_return) {
        return Report::closed;
    }
    if (error == subject_error_syscall || (error == subject_error_ssl && !io)) {
        return Report::failed;
    }
    if (error == subject_error_want_read || subject_want_read(connection_) != 0) {
        return Report::want_read;
    }
    if (error == subject_error_want_write || subject_want_write(connection_) != 0) {
        return Report::want_write;
    }
    return Report::failed;
}

Told ShimCalls::told(int returned) const noexcept {
    const SubjectScope scope;
    const subject_error error = subject_get_error(connection_, returned);
    return {.is_none = error == subject_error_none,
            .is_transport = error == subject_error_syscall,
            .want_read = subject_want_read(connection_) != 0,
            .want_write = subject_want_write(connection_) != 0,
            .pending = subject_pending(connection_)};
}

CallResult ShimCalls::end(int returned, bool misused) noexcept {
    CallResult result{.returned = returned};
    {
        const SubjectScope scope;
        result.report = ask_report(returned);
        result.pending = returned > 0 && static_cast<std::size_t>(returned) == asked_ &&
                         place_ == Place::read && subject_pending(connection_) > 0;
    }
    if (allocation_failed()) {
        tls_.runs_out_of_memory();
    }
    const std::optional<model::Answer> truth = judge_.truth();
    if (misused) {
        judge_.misuse_returned(returned, result.report);
    } else {
        if (!establishing_ || !has_wanted()) {
            judge_.call_returned(returned, result.report);
        }
        judge_.holds(allocations_live());
    }
    note_situation(static_cast<std::uint32_t>(place_) |
                   (truth.has_value() ? static_cast<std::uint32_t>(*truth) + 1 : 0) << 4 |
                   static_cast<std::uint32_t>(result.report) << 8 |
                   (result.pending ? 1U : 0U) << 12 | (misused ? 1U : 0U) << 13);
    if (row_ != nullptr) {
        row_->calls.back().returned = returned;
        row_->calls.back().report = result.report;
        row_->calls.back().told = told(returned);
    }
    tls_.tell(&judge_, loop_judge_, nullptr);
    return result;
}

void ShimCalls::put_state(State& state) const {
    const auto& [tls, judge, loop_judge, setup, context, connection, host, judges_peer, lost_trust,
                 opened, establishing, place, asked, row] = *this;
    state.begin(Part::shim);
    state.put(connection != nullptr, judges_peer, lost_trust, opened, establishing);
    put_memory(state);
    // Which side it is, who plays knows; without a context nobody is named; and place and length
    // are those of a call.
}

CallResult ShimCalls::handshake() noexcept {
    begin(Place::handshake, {});
    int returned = 0;
    {
        const SubjectScope scope;
        returned = subject_handshake(connection_);
    }
    CallResult result = end(returned, false);
    result.pending = returned > 0 && subject_pending(connection_) > 0;
    if (result.report == Report::ok && context_ != nullptr) {
        judge_peer(result);
    }
    return result;
}

// A client that does not like its peer gives up, whatever the shim says of the handshake.
void ShimCalls::judge_peer(CallResult& result) noexcept {
    bool goes_on = true;
    if (setup_.side == scenario::Side::client) {
        const SubjectScope scope;
        goes_on = subject_confirms_peer(connection_) == 1;
    }
    if (goes_on) {
        const SubjectScope scope;
        subject_look_at_protocol(connection_);
    }
    if (goes_on && judges_peer_) {
        judge_.peer_accepted(setup_, lost_trust_ || allocation_failed());
    } else if (!goes_on) {
        result.report = Report::failed;
    }
    note_situation(1U << 20 | static_cast<std::uint32_t>(setup_.identity) |
                   static_cast<std::uint32_t>(setup_.trust) << 3 |
                   static_cast<std::uint32_t>(setup_.verify) << 5 | (goes_on ? 1U : 0U) << 7);
}

CallResult ShimCalls::read(std::size_t size) noexcept {
    const std::span<std::uint8_t> buffer = last_bytes(read_memory, std::max<std::size_t>(size, 1));
    begin(Place::read, buffer);
    int returned = 0;
    {
        const SubjectScope scope;
        returned = subject_read(connection_, buffer.data(), static_cast<int>(buffer.size()));
    }
    return end(returned, false);
}

CallResult ShimCalls::write(std::uint64_t position, std::size_t size) noexcept {
    const std::span<std::uint8_t> buffer = write_buffer(position, std::max<std::size_t>(size, 1));
    begin(Place::write, buffer);
    int returned = 0;
    {
        const SubjectScope scope;
        returned = subject_write(connection_, buffer.data(), static_cast<int>(buffer.size()));
    }
    return end(returned, false);
}

CallResult ShimCalls::shutdown() noexcept {
    begin(Place::shutdown, {});
    int returned = 0;
    {
        const SubjectScope scope;
        returned = subject_shutdown(connection_);
    }
    return end(returned, false);
}

void ShimCalls::misuse(const scenario::Op& op, std::size_t outstanding) noexcept {
    if (op.kind == OpKind::misuse_other_write) {
        misuse_outstanding(outstanding);
        return;
    }
    const auto call = static_cast<MisuseCall>(op.choice);
    const std::span<std::uint8_t> buffer = write_buffer(tls_.facts().accepted, 1);
    subject_connection* connection =
        op.kind == OpKind::misuse_null_connection ? nullptr : connection_;
    std::uint8_t* data = op.kind == OpKind::misuse_null_buffer ? nullptr : buffer.data();
    int length = static_cast<int>(buffer.size());
    length = op.kind == OpKind::misuse_zero_length ? 0 : length;
    length = op.kind == OpKind::misuse_negative_length ? -1 : length;

    const bool honest_buffer = data != nullptr && length > 0;
    begin(place_of(call), honest_buffer ? buffer : std::span<const std::uint8_t>{});
    subject_connection* kept = connection_;
    connection_ = connection;  // what is asked about the call is asked about what it was given
    int returned = 0;
    {
        const SubjectScope scope;
        returned = raw_call(call, connection, data, length);
    }
    end(returned, true);
    connection_ = kept;
}

// Another length, and then the right one with another first byte, with another last byte, and with
// two others, a word apart, of which only the highest bits are.
void ShimCalls::misuse_outstanding(std::size_t outstanding) noexcept {
    const std::uint64_t position = tls_.facts().accepted;
    misuse_write(write_buffer(position, outstanding % scenario::size_max + 1));
    for (const std::size_t place : {std::size_t{0}, outstanding - 1}) {
        const std::span<std::uint8_t> buffer = write_buffer(position, outstanding);
        buffer[place] = static_cast<std::uint8_t>(buffer[place] ^ 1U);
        misuse_write(buffer);
    }
    constexpr std::size_t word = 8;
    if (outstanding >= 2 * word) {
        const std::span<std::uint8_t> buffer = write_buffer(position, outstanding);
        for (const std::size_t place : {word - 1, 2 * word - 1}) {
            buffer[place] = static_cast<std::uint8_t>(buffer[place] ^ 0x80U);
        }
        misuse_write(buffer);
    }
}

void ShimCalls::misuse_write(std::span<const std::uint8_t> buffer) noexcept {
    begin(Place::write, buffer);
    int returned = 0;
    {
        const SubjectScope scope;
        returned = subject_write(connection_, buffer.data(), static_cast<int>(buffer.size()));
    }
    end(returned, true);
}

void ShimCalls::free() noexcept {
    if (connection_ == nullptr && context_ == nullptr) {
        return;
    }
    begin(Place::free, {});
    {
        const SubjectScope scope;
        if (connection_ != nullptr) {
            subject_free(connection_);
        }
        free_context();
    }
    connection_ = nullptr;
    judge_.freed(allocations_live());
    tls_.tell(&judge_, loop_judge_, nullptr);
}

}  // namespace shimfuzz::harness
