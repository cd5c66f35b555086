// SPDX-License-Identifier: Apache-2.0

#include "cli/table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace shimfuzz::cli {
namespace {

std::string_view cell_of(const std::vector<std::string>& cells, std::size_t column) {
    return column < cells.size() ? std::string_view{cells[column]} : std::string_view{};
}

}  // namespace

std::size_t Table::width_of(std::size_t column) const {
    std::size_t width = columns_[column].title.size();
    for (const Row& row : rows_) {
        width = std::max(width, cell_of(row.cells, column).size());
    }
    return width;
}

std::string Table::print() const {
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        widths.push_back(width_of(i));
    }
    std::string text;
    const auto print_cell = [&](std::size_t column, std::string_view cell) {
        text += column == 0 ? " " : "  ";
        text += columns_[column].align == Align::left ? fmt::format("{:<{}}", cell, widths[column])
                                                      : fmt::format("{:>{}}", cell, widths[column]);
    };
    const auto end_line = [&] {
        text.erase(text.find_last_not_of(' ') + 1);
        text += '\n';
    };
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        print_cell(i, columns_[i].title);
    }
    end_line();
    for (const Row& row : rows_) {
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            print_cell(i, cell_of(row.cells, i));
        }
        end_line();
        text += row.below;
    }
    return text;
}

}  // namespace shimfuzz::cli
