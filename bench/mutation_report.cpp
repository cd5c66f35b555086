// SPDX-License-Identifier: Apache-2.0

#include "bench/mutation_report.hpp"

#include "bench/fuzzer_run.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <map>
#include <numeric>
#include <set>
#include <stdexcept>

namespace shimfuzz::bench {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view spell(Grade grade) noexcept {
    return grade == Grade::equivalent ? "equivalent" : "survives";
}

// ListReader takes a list line by line: keys, then what is said of them.
class ListReader {
public:
    explicit ListReader(const std::filesystem::path& path) : path_{path} {}

    void take(const std::string& line) {
        ++line_number_;
        const std::size_t start = line.find_first_not_of(' ');
        if (start == std::string::npos || line[0] == '#') {
            return;
        }
        if (start == 0) {
            begin_key(line);
            return;
        }
        const std::string words = line.substr(start);
        for (const Grade grade : {Grade::equivalent, Grade::survives}) {
            const std::string label = fmt::format("{}: ", spell(grade));
            if (words.starts_with(label)) {
                begin_reason(grade, words.substr(label.size()));
                return;
            }
        }
        go_on(words);
    }

    std::vector<Declared> finish() {
        if (first_open_ != declared_.size()) {
            complain("keys without a reason");
        }
        return std::move(declared_);
    }

private:
    [[noreturn]] void complain(const char* what) const {
        give_up(fmt::format("{}:{}: {}", path_.string(), line_number_, what));
    }

    void begin_key(const std::string& line) {
        first_open_ = in_reason_ ? declared_.size() : first_open_;
        in_reason_ = false;
        declared_.push_back({.key = line});
    }

    void begin_reason(Grade grade, const std::string& words) {
        if (in_reason_ || first_open_ == declared_.size()) {
            complain("a reason without a key");
        }
        for (std::size_t i = first_open_; i < declared_.size(); ++i) {
            declared_[i].grade = grade;
            declared_[i].reason = words;
        }
        reason_of_ = first_open_;
        first_open_ = declared_.size();
        in_reason_ = true;
    }

    void go_on(const std::string& words) {
        if (!in_reason_) {
            complain("neither `equivalent: ` nor `survives: `");
        }
        for (std::size_t i = reason_of_; i < declared_.size(); ++i) {
            declared_[i].reason += " " + words;
        }
    }

    std::filesystem::path path_;
    std::vector<Declared> declared_;
    std::size_t line_number_ = 0;
    std::size_t first_open_ = 0;  // the first key without a reason
    std::size_t reason_of_ = 0;   // the first key of the reason being read
    bool in_reason_ = false;
};

std::string file_name(const Mutation& mutation) {
    return std::filesystem::path{mutation.file}.filename();
}

}  // namespace

std::vector<Declared> declared_in(const std::filesystem::path& path) {
    std::ifstream file{path};
    if (!file.is_open()) {
        give_up(fmt::format("{}: cannot be read", path.string()));
    }
    ListReader reader{path};
    for (std::string line; std::getline(file, line);) {
        reader.take(line);
    }
    return reader.finish();
}

std::vector<std::string> stray(const std::vector<Declared>& declared,
                               const std::vector<Mutation>& mutations) {
    std::set<std::string> keys;
    for (const Mutation& mutation : mutations) {
        keys.insert(key_of(mutation));
    }
    std::vector<std::string> strays;
    for (const Declared& one : declared) {
        if (keys.erase(one.key) == 0) {
            strays.push_back(one.key);
        }
    }
    return strays;
}

std::vector<Tried> tried_in(const std::filesystem::path& path,
                            const std::vector<Mutation>& mutations) {
    std::map<std::string, const Mutation*> by_key;
    for (const Mutation& mutation : mutations) {
        by_key[key_of(mutation)] = &mutation;
    }
    std::vector<Tried> tried;
    try {
        const ordered_json results = ordered_json::parse(std::ifstream{path});
        for (const ordered_json& row : results.at("rows")) {
            tried.push_back({.mutation = *by_key.at(row.at("key")), .killed = std::nullopt});
            if (row.at("state") == "killed") {
                tried.back().killed = Killed{.stage = stage_called(row.at("stage")),
                                             .by = row.at("by"),
                                             .what = row.at("invariant")};
            }
        }
    } catch (const nlohmann::json::exception&) {
        give_up(fmt::format("{}: cannot be read as results", path.string()));
    } catch (const std::out_of_range&) {
        give_up(fmt::format("{}: is about other mutations than there are", path.string()));
    }
    return tried;
}

int Score::killed() const noexcept {
    return std::accumulate(killed_by.begin(), killed_by.end(), 0);
}

double Score::percent() const noexcept {
    const int judged = mutations - equivalent;
    return judged == 0 ? 100.0 : 100.0 * killed() / judged;
}

Report::Report(std::vector<Tried> tried, const std::vector<Declared>& declared)
    : declared_{declared} {
    std::map<std::string, const Declared*> by_key;
    for (const Declared& one : declared_) {
        by_key[one.key] = &one;
    }
    std::vector<const Row*> all;
    rows_.reserve(tried.size());
    for (Tried& one : tried) {
        const auto found = by_key.find(key_of(one.mutation));
        rows_.push_back(
            {.tried = std::move(one), .declared = found == by_key.end() ? nullptr : found->second});
        all.push_back(&rows_.back());
    }
    score_ = score_of(all);
}

Score Report::score_of(const std::vector<const Row*>& rows) {
    Score score;
    for (const Row* row : rows) {
        ++score.mutations;
        if (row->tried.killed) {
            ++score.killed_by[static_cast<std::size_t>(row->tried.killed->stage)];
        } else if (row->declared != nullptr && row->declared->grade == Grade::equivalent) {
            ++score.equivalent;
        } else {
            ++score.survived;
        }
    }
    return score;
}

std::vector<std::string> Report::killed_although_declared() const {
    std::vector<std::string> keys;
    for (const Row& row : rows_) {
        if (row.tried.killed && row.declared != nullptr) {
            keys.push_back(row.declared->key);
        }
    }
    return keys;
}

std::vector<std::string> Report::survived_undeclared() const {
    std::vector<std::string> keys;
    for (const Row& row : rows_) {
        if (!row.tried.killed && row.declared == nullptr) {
            keys.push_back(key_of(row.tried.mutation));
        }
    }
    return keys;
}

std::string Report::table(const std::string& title,
                          const std::function<std::string(const Row&)>& group) const {
    std::map<std::string, std::vector<const Row*>> groups;
    for (const Row& row : rows_) {
        groups[group(row)].push_back(&row);
        groups["~all"].push_back(&row);
    }
    std::string text =
        fmt::format("| {} | mutations | equivalent | corpus | search | promises | survived | score "
                    "|\n| --- | --- | --- | --- | --- | --- | --- | --- |\n",
                    title);
    for (const auto& [name, rows] : groups) {
        const Score score = score_of(rows);
        text += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {:.1f} % |\n",
                            name == "~all" ? "all" : name, score.mutations, score.equivalent,
                            score.killed_by[0], score.killed_by[1], score.killed_by[2],
                            score.survived, score.percent());
    }
    return text;
}

std::string Report::survivors() const {
    std::string text;
    for (const Row& row : rows_) {
        const bool equivalent = row.declared != nullptr && row.declared->grade == Grade::equivalent;
        if (row.tried.killed || equivalent) {
            continue;
        }
        const Mutation& mutation = row.tried.mutation;
        text += fmt::format("- `{}:{}` {}: `{}` -> `{}`: {}\n", mutation.file, mutation.line,
                            mutation.function, mutation.from, mutation.to,
                            row.declared != nullptr ? row.declared->reason : "not declared");
    }
    return text;
}

std::string Report::text() const {
    std::map<std::string, int> laws;
    for (const Row& row : rows_) {
        if (row.tried.killed) {
            const std::string& law = row.tried.killed->what;
            ++laws[law.empty() ? "no invariant, but a promise" : law];
        }
    }
    std::string by_law = "| killed by | mutations |\n| --- | --- |\n";
    for (const auto& [law, count] : laws) {
        by_law += fmt::format("| {} | {} |\n", law, count);
    }
    const std::string left = survivors();
    return table("file", [](const Row& row) { return file_name(row.tried.mutation); }) + "\n" +
           table(
               "rule",
               [](const Row& row) { return std::string{bench::spell(row.tried.mutation.rule)}; }) +
           "\n" + by_law + "\n" + (left.empty() ? "Nothing survived.\n" : "Survived:\n\n" + left) +
           fmt::format("\nscore {:.1f} %: {} killed of {} that are not equivalent\n",
                       score_.percent(), score_.killed(), score_.mutations - score_.equivalent);
}

std::string Report::json() const {
    ordered_json rows = ordered_json::array();
    for (const Row& row : rows_) {
        const Mutation& mutation = row.tried.mutation;
        ordered_json one{{"key", key_of(mutation)},
                         {"rule", bench::spell(mutation.rule)},
                         {"file", mutation.file},
                         {"line", mutation.line},
                         {"function", mutation.function}};
        if (row.tried.killed) {
            one["state"] = "killed";
            one["stage"] = bench::spell(row.tried.killed->stage);
            one["by"] = row.tried.killed->by;
            one["invariant"] = row.tried.killed->what;
        } else {
            const bool declared = row.declared != nullptr;
            one["state"] = declared ? spell(row.declared->grade) : "survives";
            one["reason"] = declared ? row.declared->reason : "";
        }
        rows.push_back(std::move(one));
    }
    const ordered_json all{{"mutations", score_.mutations}, {"equivalent", score_.equivalent},
                           {"killed", score_.killed()},     {"survived", score_.survived},
                           {"percent", score_.percent()},   {"rows", std::move(rows)}};
    return all.dump(1) + "\n";
}

}  // namespace shimfuzz::bench
