// SPDX-License-Identifier: Apache-2.0
//
// Mutations: small changes, made by rule, to the I/O path of the reference shim and to the lawful
// loop. All are compiled into one copy of each file, and a number chooses one of them.
//
// Not a mutant: that is one planted bug with a name, a history and a witness (shim/mutants/).
#pragma once

#include "bench/syntax_tree.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace shimfuzz::bench {

// By which rule a mutation is made.
enum class Rule {
    negated,          // a comparison or a condition says the opposite
    off_by_one,       // a bound, a count or a length is one more or less
    operand_dropped,  // one half of an `and` or an `or` has no say any more
    branch_dropped,   // an `if` is never taken, a loop never repeated
    statement_dropped,
    case_dropped,       // a switch does not know a value
    direction_swapped,  // read for write, POLLIN for POLLOUT, or the other way round
    value_changed,      // another constant is returned, passed, assigned or compared with
};
inline constexpr std::size_t rule_count = 8;

[[nodiscard]] std::string_view spell(Rule rule) noexcept;

// Mutation is one change. What is shown is for people and names it; the code is for the compiler.
struct Mutation {
    int number = 0;  // from 1; 0 is none
    Rule rule = Rule::negated;
    std::string file;      // relative to the top folder
    std::size_t line = 0;  // counted from 1
    std::string function;
    std::string at;    // the source line, as it stands in the file
    std::string from;  // what stands there
    std::string to;    // what it becomes
    int repeat = 1;    // the nth of the same words in the same line of the same function

    // Not kept in the list of mutations.
    Range range;
    bool is_statement = false;
    std::string code;  // of an expression: in its place. Of a statement: instead of it
    std::string head;  // of an expression: what its own text needs before it, to stand alone
};

// key_of names a mutation by what it changes and where, so that it does not move with the lines
// above it: `io.c end_call: ssl->last = outcome; | ssl->last = outcome -> dropped`, and ` (2)` at
// its end where the same is there a second time.
[[nodiscard]] std::string key_of(const Mutation& mutation);

// write_mutations and read_mutations keep the list beside the copies. What cannot be read is a
// reason to give up.
void write_mutations(const std::filesystem::path& path, const std::vector<Mutation>& mutations);
[[nodiscard]] std::vector<Mutation> read_mutations(const std::filesystem::path& path);

// mutations_of returns, in the order of the text, what the rules make of one source file.
[[nodiscard]] std::vector<Mutation> mutations_of(const std::string& file, const std::string& text,
                                                 const std::vector<Node>& tree);

// mutated_copy returns `text` with every one of `mutations` in it, to be chosen at run time by
// `shimfuzz_mutation`. Lines stay where they are.
[[nodiscard]] std::string mutated_copy(const std::string& text, bool is_cpp,
                                       const std::vector<Mutation>& mutations);

}  // namespace shimfuzz::bench
