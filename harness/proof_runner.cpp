// SPDX-License-Identifier: Apache-2.0

#include "harness/proof_runner.hpp"

#include "harness/player.hpp"
#include "harness/proof.hpp"
#include "shim/subject.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <new>

namespace shimfuzz::harness {
namespace {

using nlohmann::ordered_json;
using scenario::Document;
using scenario::Op;
using scenario::Scenario;

// Processor time between two looks at whether a play has ended; the second that sees the same play
// takes the subject for one that never returns.
constexpr int look_seconds = 10;

// What the process that searches leaves behind, in memory that it shares.
struct LastPlay {
    std::uint64_t number = 0;
    scenario::Setup setup;
    std::uint32_t op_count = 0;
    std::array<Op, scenario::ops_max> ops{};
};
LastPlay* last_play = nullptr;

void look(int) {
    static std::uint64_t seen = 0;
    if (last_play->number == seen) {
        std::_Exit(2);
    }
    seen = last_play->number;
}

std::string text_of(const Document& document) {
    const std::vector<char> text = scenario::print(document);
    return {text.begin(), text.end()};
}

std::string text_of(const Op& op) {
    const std::vector<char> text = scenario::print(op);
    return {text.begin(), text.end()};
}

void tell(const ordered_json& line) {
    std::cout << line.dump() << std::endl;
    if (!std::cout) {
        std::_Exit(2);  // nobody listens any more
    }
}

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

ordered_json words_of(const std::vector<Op>& ops) {
    ordered_json words = ordered_json::array();
    for (const Op& op : ops) {
        words.push_back(text_of(op));
    }
    return words;
}

ordered_json alphabet_json(const ProofRequest& request) {
    const Alphabet alphabet = alphabet_of(request);
    std::vector<Op> letters;
    for (const Letter& letter : alphabet.letters) {
        letters.push_back(letter.op);
    }
    ordered_json setups = ordered_json::array();
    for (const scenario::Setup& setup : alphabet.setups) {
        const Document document{.play = request.play, .scenario = {.setup = setup}};
        std::string text = text_of(document);
        setups.push_back(text.substr(0, text.find('\n')));
    }
    ordered_json answers = ordered_json::array();
    for (const std::vector<Op>& of_function : alphabet.answers) {
        answers.push_back(words_of(of_function));
    }
    return {{"setups", setups},
            {"letters", words_of(letters)},
            {"answers", answers},
            {"noise", words_of(alphabet.noise)},
            {"ends", words_of(alphabet.ends)},
            {"streams_repeat_after", alphabet.payload_period}};
}

ordered_json witness_json(const scenario::Play& play, const Witness& witness) {
    return {{"signature", witness.signature},
            {"ops", witness.scenario.ops.size()},
            {"scenario", text_of({.play = play, .scenario = witness.scenario})}};
}

class Teller final : public ProofWatcher {
public:
    void about_to_play(const Scenario& scenario) override {
        ++last_play->number;
        last_play->setup = scenario.setup;
        last_play->op_count = static_cast<std::uint32_t>(scenario.ops.size());
        std::ranges::copy(scenario.ops, last_play->ops.begin());
    }
    void length_done(const Progress& progress) override {
        tell({{"ops", progress.length}, {"states", progress.states}, {"plays", progress.plays}});
    }
};

ordered_json proof_json(const ProofRequest& request, const Proof& proof, double seconds) {
    ordered_json known = ordered_json::array();
    for (const Witness& witness : proof.known) {
        known.push_back(witness_json(request.play, witness));
    }
    return {{"subject", subject_name()},
            {"closed", proof.closed},
            {"ops", proof.progress.length},
            {"states", proof.progress.states},
            {"plays", proof.progress.plays},
            {"scenarios", proof.scenarios},
            {"seconds", seconds},
            {"known", known},
            {"refuted_by",
             proof.refutes.has_value() ? witness_json(request.play, *proof.refutes) : nullptr},
            {"cells", proof.cells},
            {"alphabet", alphabet_json(request)}};
}

void search(const ProofRequest& request) {
    std::signal(SIGPROF, look);
    const itimerval rhythm{.it_interval = {.tv_sec = look_seconds, .tv_usec = 0},
                           .it_value = {.tv_sec = look_seconds, .tv_usec = 0}};
    setitimer(ITIMER_PROF, &rhythm, nullptr);
    Teller teller;
    const auto start = std::chrono::steady_clock::now();
    const Proof proof = prove(request, teller);
    setitimer(ITIMER_PROF, nullptr, nullptr);
    tell({{"proof", proof_json(request, proof, seconds_since(start))}});
}

// The scenario that the search died of, as a proof that came no further.
ordered_json proof_of_the_dead(const ProofRequest& request, double seconds) {
    Scenario scenario{.setup = last_play->setup, .ops = {}, .raw = {}};
    scenario.ops.assign(last_play->ops.begin(), last_play->ops.begin() + last_play->op_count);
    const Document document{.play = request.play, .scenario = scenario};
    const ordered_json answer =
        ordered_json::parse(Player{}.play({.document = document, .brief = true}));
    const ordered_json& signature = answer["verdict"]["signature"];
    if (!signature.is_string()) {
        return {{"error", "the search died, and not of its last scenario:\n" + text_of(document)}};
    }
    Proof proof{
        .progress = {.length = last_play->op_count, .states = 0, .plays = last_play->number},
        .refutes = Witness{.signature = signature.get<std::string>(), .scenario = scenario}};
    return {{"proof", proof_json(request, proof, seconds)}};
}

// The search is over; what it has not told itself is told here.
int search_in_a_process_of_its_own(const ProofRequest& request) {
    void* shared =
        mmap(nullptr, sizeof(LastPlay), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        std::perror("shimfuzz: no memory to share");
        return 2;
    }
    last_play = new (shared) LastPlay;
    const auto start = std::chrono::steady_clock::now();
    const pid_t child = fork();
    if (child < 0) {
        std::perror("shimfuzz: no process to search in");
        return 2;
    }
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (std::freopen("/dev/null", "w", stderr) == nullptr) {
            std::_Exit(2);  // what a sanitizer says would stand among our lines
        }
        search(request);
        std::_Exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        tell(proof_of_the_dead(request, seconds_since(start)));
    }
    return 0;
}

std::variant<ProofRequest, std::string> parse_request_for_proof(const std::string& line) {
    const ordered_json asked = ordered_json::parse(line, nullptr, false);
    const bool well_formed = asked.is_object() && asked.contains("setup") &&
                             asked["setup"].is_string() && asked.contains("ops") &&
                             asked["ops"].is_number_unsigned() && asked["ops"] <= proof_ops_max &&
                             asked.value("known", ordered_json::array()).is_array();
    if (!well_formed) {
        return R"(a request is {"setup": LINE, "ops": 0 to 200, "known": [SIGNATURE, ...]})";
    }
    const auto parsed = scenario::parse(asked["setup"].get<std::string>() + "\n");
    if (const auto* error = std::get_if<scenario::ParseError>(&parsed)) {
        return error->reason;
    }
    const scenario::Play play = std::get<Document>(parsed).play;
    if (!has_alphabet(play) || !plays(play.loop)) {
        return std::string{subject_name()} + " has no proof for this play";
    }
    return ProofRequest{.play = play,
                        .ops_max = asked["ops"].get<std::uint32_t>(),
                        .known = asked.value("known", std::vector<std::string>{}),
                        .with_misuse = guards_misuse(),
                        .with_content = asked.value("content", false),
                        .with_cells = asked.value("cells", false)};
}

}  // namespace

int prove_as_asked() {
    std::string line;
    std::getline(std::cin, line);
    const auto request = parse_request_for_proof(line);
    if (const auto* reason = std::get_if<std::string>(&request)) {
        tell({{"error", *reason}});
        return 0;
    }
    return search_in_a_process_of_its_own(std::get<ProofRequest>(request));
}

}  // namespace shimfuzz::harness
