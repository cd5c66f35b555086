// SPDX-License-Identifier: Apache-2.0
//
// A copy of a source file that holds all of its mutations.
//
// Ranges nest as the syntax does. What is not chosen is written with all that is inside it; what is
// chosen stands there plainly, since only one mutation is on at a time. So the copy grows with the
// depth of the text and not with the number of combinations.

#include "bench/mutation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace shimfuzz::bench {
namespace {

// All mutations of one range.
struct Site {
    Range range;
    bool is_statement = false;
    std::vector<const Mutation*> mutations;
};

// Outer ones first; of two that are the same text, the statement.
std::vector<Site> sites_of(const std::vector<Mutation>& mutations) {
    std::vector<Site> sites;
    for (const Mutation& mutation : mutations) {
        const auto same = std::ranges::find_if(sites, [&](const Site& site) {
            return site.range == mutation.range && site.is_statement == mutation.is_statement;
        });
        if (same != sites.end()) {
            same->mutations.push_back(&mutation);
        } else {
            sites.push_back({mutation.range, mutation.is_statement, {&mutation}});
        }
    }
    std::ranges::sort(sites, [](const Site& one, const Site& other) {
        if (one.range.begin != other.range.begin) {
            return one.range.begin < other.range.begin;
        }
        if (one.range.end != other.range.end) {
            return one.range.end > other.range.end;
        }
        return one.is_statement && !other.is_statement;
    });
    return sites;
}

class Copy {
public:
    Copy(const std::string& text, const std::vector<Mutation>& mutations)
        : text_{text}, sites_{sites_of(mutations)} {}

    std::string write() { return write({.begin = 0, .end = text_.size()}); }

private:
    // Everything in `range`, the sites that begin in it included.
    std::string write(Range range) {
        std::string out;
        std::size_t at = range.begin;
        while (next_ < sites_.size() && sites_[next_].range.begin < range.end) {
            const Site& site = sites_[next_++];
            if (site.range.begin < at || site.range.end > range.end) {
                fmt::print(stderr, "bench: ranges that do not nest, at {}\n", site.range.begin);
                std::exit(2);
            }
            out += text_.substr(at, site.range.begin - at) + write(site);
            at = site.range.end;
        }
        return out + text_.substr(at, range.end - at);
    }

    std::string write(const Site& site) {
        const std::string original = write(site.range);
        return site.is_statement ? statement(site, original) : expression(site, original);
    }

    static std::string statement(const Site& site, const std::string& original) {
        std::string out = "{ ";
        for (const Mutation* mutation : site.mutations) {
            out += fmt::format("if (shimfuzz_mutation == {}) {{ {}; }} else ", mutation->number,
                               mutation->code);
        }
        return out + fmt::format("{{ {}; }} }}", original);
    }

    static std::string expression(const Site& site, const std::string& original) {
        std::string out = "(";
        std::string head;
        for (const Mutation* mutation : site.mutations) {
            out +=
                fmt::format("shimfuzz_mutation == {} ? ({}) : ", mutation->number, mutation->code);
            head = mutation->head.empty() ? head : mutation->head;
        }
        return out + (head.empty() ? "(" + original + ")" : head + original) + ")";
    }

    const std::string& text_;
    std::vector<Site> sites_;
    std::size_t next_ = 0;
};

}  // namespace

std::string mutated_copy(const std::string& text, bool is_cpp,
                         const std::vector<Mutation>& mutations) {
    // One line: the comment that opens the file gives up its own for it.
    return fmt::format("extern {}int shimfuzz_mutation; {}", is_cpp ? "\"C\" " : "",
                       Copy{text, mutations}.write());
}

}  // namespace shimfuzz::bench
