// SPDX-License-Identifier: Apache-2.0

#include "fuzz/account.hpp"

#include "fuzz/experiment.hpp"
#include "fuzz/require.hpp"
#include "harness/allocation.hpp"
#include "scenario/allocation_sweep.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

// How often a planted line has run (shim/planted.h); null in a program without one.
extern "C" __attribute__((weak)) unsigned long shimfuzz_planted_runs;

namespace shimfuzz::fuzz {
namespace {

[[noreturn]] void give_up(const char* path, const char* why) {
    std::fprintf(stderr, "%s: %s\n", path, why);
    std::exit(2);
}

int open_or_give_up(const char* path, int flags) {
    const int fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd < 0) {
        give_up(path, "cannot be opened");
    }
    return fd;
}

void write_all(int fd, const char* path, const void* bytes, std::size_t size) {
    if (write(fd, bytes, size) != static_cast<ssize_t>(size)) {
        give_up(path, "cannot be written");
    }
}

// ---- a digest of what happened ----

// FNV-1a, by whole numbers.
class Digest {
public:
    void add(std::uint64_t number) noexcept {
        hash_ = (hash_ ^ number) * 0x100000001b3U;
        hash_ ^= hash_ >> 32;  // a product's low bits do not depend on its factors' high ones
    }
    void add(const model::PollEvents& events) noexcept {
        add(static_cast<std::uint64_t>(events.in) | static_cast<std::uint64_t>(events.out) << 1 |
            static_cast<std::uint64_t>(events.hup) << 2);
    }
    void add(const harness::TraceAnswer& answer) noexcept {
        add(static_cast<std::uint64_t>(answer.function));
        add(static_cast<std::uint64_t>(answer.reply.answer));
        add(answer.bytes);
        add(static_cast<std::uint64_t>(answer.errno_left));
    }
    void add(const harness::TraceCall& call) noexcept {
        add(static_cast<std::uint64_t>(call.place));
        add(static_cast<std::uint64_t>(call.asked));
        add(static_cast<std::uint64_t>(call.returned));
        add(static_cast<std::uint64_t>(call.report));
        for (const harness::TraceAnswer& answer : call.answers) {
            add(answer);
        }
    }
    // All but `changes`, which are places in one program, and `waiting`, which follows from the
    // rest.
    void add(const harness::TraceRow& row) noexcept {
        add(row.op_index);
        add(row.connection);
        add(static_cast<std::uint64_t>(row.settling) | static_cast<std::uint64_t>(row.played) << 1 |
            static_cast<std::uint64_t>(row.woke) << 2 |
            static_cast<std::uint64_t>(row.writeable_given) << 3 |
            static_cast<std::uint64_t>(row.at_once) << 4);
        add(row.revents);
        add(row.interest);
        for (const harness::TraceCall& call : row.calls) {
            add(call);
        }
        add(static_cast<std::uint64_t>(row.phase));
        add(row.pending);
        add(row.output_buffered);
        add(static_cast<std::uint64_t>(row.room));
        add(row.sent);
        add(row.received);
    }

    [[nodiscard]] std::uint64_t value() const noexcept { return hash_; }

private:
    std::uint64_t hash_ = 0xcbf29ce484222325U;
};

struct Account {
    Digest digest;
    std::vector<char> signature;  // of the first violation; empty if all is upheld
};

void play(const scenario::Scenario& scenario, Account& account) {
    harness::Trace trace;
    const harness::Outcome outcome = harness::run(target.play, scenario, &trace);
    for (const harness::TraceRow& row : trace.rows) {
        account.digest.add(row);
    }
    account.digest.add(outcome.ending.delivered);
    account.digest.add(outcome.ending.arrived);
    // What a whole lws allocates depends on what it has left from earlier plays.
    if (target.play.loop != scenario::Loop::lws) {
        account.digest.add(harness::memory().asked);
        account.digest.add(static_cast<std::uint64_t>(harness::memory().live));
    }
    if (outcome.verdict.violation.has_value() && account.signature.empty()) {
        account.signature = harness::spell(outcome.verdict.violation->signature);
    }
}

// Plays an input as the target's program does: one of them makes several scenarios of each.
void play_input(std::span<const std::uint8_t> input, Account& account) {
    scenario::Scenario scenario;
    scenario::decode_into(input, scenario);
    if (std::string_view{target.name} != "alloc_fail") {
        play(scenario, account);
        return;
    }
    scenario::Scenario failing;
    for (std::uint16_t later = 0; later < scenario::sweep_max; ++later) {
        if (!scenario::sweep_into(scenario, later, failing)) {
            return;
        }
        play(failing, account);
        if (!harness::allocation_failed()) {
            return;
        }
    }
}

void write_line(int fd, const Account& account, bool reached) {
    std::array<char, 256> line{};
    const int size = std::snprintf(
        line.data(), line.size(), "%016llx %d %.*s\n",
        static_cast<unsigned long long>(account.digest.value()), static_cast<int>(reached),
        account.signature.empty() ? 1 : static_cast<int>(account.signature.size()),
        account.signature.empty() ? "-" : account.signature.data());
    write_all(fd, experiment().account, line.data(), static_cast<std::size_t>(size));
}

// Reads the next input into `input`; false at the end of the file, or where it was cut off.
bool read_input(std::FILE* file, std::vector<std::uint8_t>& input) {
    std::array<std::uint8_t, 4> length{};
    if (std::fread(length.data(), 1, length.size(), file) != length.size()) {
        return false;
    }
    input.resize(length[0] | static_cast<std::size_t>(length[1]) << 8 |
                 static_cast<std::size_t>(length[2]) << 16 |
                 static_cast<std::size_t>(length[3]) << 24);
    return std::fread(input.data(), 1, input.size(), file) == input.size();
}

}  // namespace

void keep(std::span<const std::uint8_t> input) {
    static const int fd = open_or_give_up(experiment().keep_inputs, O_WRONLY | O_CREAT | O_APPEND);
    static std::uint64_t kept = 0;
    static std::vector<std::uint8_t> record;
    if (kept++ >= inputs_kept_max) {
        return;
    }
    record.assign({static_cast<std::uint8_t>(input.size()),
                   static_cast<std::uint8_t>(input.size() >> 8),
                   static_cast<std::uint8_t>(input.size() >> 16),
                   static_cast<std::uint8_t>(input.size() >> 24)});
    record.insert(record.end(), input.begin(), input.end());
    // At once: the process may die of it.
    write_all(fd, experiment().keep_inputs, record.data(), record.size());
}

void give_account() {
    std::FILE* file = std::fopen(experiment().account_of, "re");
    if (file == nullptr) {
        give_up(experiment().account_of, "cannot be read");
    }
    const int fd = open_or_give_up(experiment().account, O_WRONLY | O_CREAT | O_APPEND);
    std::vector<std::uint8_t> input;
    for (std::uint64_t nth = 0; read_input(file, input); ++nth) {
        if (nth < experiment().account_from) {
            continue;
        }
        if (&shimfuzz_planted_runs != nullptr) {
            shimfuzz_planted_runs = 0;
        }
        Account account;
        play_input(input, account);
        write_line(fd, account, &shimfuzz_planted_runs != nullptr && shimfuzz_planted_runs != 0);
    }
    std::fclose(file);
    std::exit(0);
}

}  // namespace shimfuzz::fuzz
