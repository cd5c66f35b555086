// SPDX-License-Identifier: Apache-2.0

#include "harness/player.hpp"

#include "harness/death_report.hpp"

namespace shimfuzz::harness {

using nlohmann::ordered_json;

namespace {

ordered_json verdict_of(const Death& death, const ordered_json& rows) {
    if (!death.invariant.has_value()) {
        return {{"status", "not played"}, {"signature", nullptr}};
    }
    return {{"status", "violated"},
            {"signature", spell(death)},
            {"invariant", describe(*death.invariant).name},
            {"place", nullptr},
            {"answer", nullptr},
            {"done", nullptr},
            {"op", rows.empty() ? ordered_json{} : rows.back()["op"]},
            {"pass", nullptr}};
}

ordered_json died_json(const Death& death) {
    ordered_json frames = ordered_json::array();
    for (const Frame& frame : death.frames) {
        frames.push_back({{"function", frame.function}, {"offset", frame.offset}});
    }
    return {{"kind", death.kind}, {"reason", death.reason}, {"frames", std::move(frames)}};
}

std::string answer_of_the_dead(const Request& request, const PlayerProcess::End& end) {
    static const FunctionNames names;
    const Death death = read_death(end.wait_status, end.messages, names);
    ordered_json rows = ordered_json::parse(end.last_words, nullptr, false);
    if (!rows.is_array()) {
        rows = ordered_json::array();
    }
    ordered_json answer = begin_answer(request);
    if (request.trace) {
        answer["rows"] = rows;
    }
    answer["verdict"] = verdict_of(death, rows);
    answer["reach"] = nullptr;
    answer["died"] = died_json(death);
    return answer.dump();
}

}  // namespace

std::string Player::play(const Request& request) {
    if (request.fresh) {
        process_.reset();
    }
    for (;;) {
        if (process_ == nullptr) {
            process_ = std::make_unique<PlayerProcess>();
            process_is_fresh_ = true;
        }
        const bool was_fresh = std::exchange(process_is_fresh_, false);
        std::optional<std::string> answer = process_->play(request);
        if (answer.has_value()) {
            if (!processes_may_be_shared()) {
                process_.reset();
            }
            return std::move(*answer);
        }
        const std::unique_ptr<PlayerProcess> dead = std::move(process_);
        const PlayerProcess::End end = dead->death();
        if (was_fresh) {
            return answer_of_the_dead(request, end);
        }
    }
}

}  // namespace shimfuzz::harness
