#ifndef HLSQ_CORNER_H_
#define HLSQ_CORNER_H_

#include "types.h"

namespace hlsq {

// What of a map, and of the padding around it, passes by a window so that it stops at every output: the rows and columns
// of the window's lower right corner. Padding above a map never passes (it is what lines hold before the first row), nor
// does padding to its left (the window starts each row with it).
template <class CONFIG> struct sweep {
    static const int span_height = (CONFIG::kernel_height - 1) * CONFIG::dilation_height + 1;
    static const int span_width = (CONFIG::kernel_width - 1) * CONFIG::dilation_width + 1;
    static const int lines = span_height - 1;
    // Where the first and the last output stop the corner.
    static const int first_row = span_height - 1 - CONFIG::pad_top;
    static const int first_column = span_width - 1 - CONFIG::pad_left;
    static const int last_row = first_row + (CONFIG::out_height - 1) * CONFIG::stride_height;
    static const int last_column = first_column + (CONFIG::out_width - 1) * CONFIG::stride_width;
    static const int top = first_row < 0 ? first_row : 0;
    static const int left = first_column < 0 ? first_column : 0;
    static const int bottom = last_row < CONFIG::in_height ? CONFIG::in_height : last_row + 1;
    static const int right = last_column < CONFIG::in_width ? CONFIG::in_width : last_column + 1;
};

// The place of a window's lower right corner, and how far it is to the next output. No division says where the outputs
// are; strides are counted.
template <class CONFIG> class corner {
    typedef sweep<CONFIG> area;
    counter<area::top, area::bottom> row;
    counter<area::left, area::right> column;
    counter<0, area::first_row - area::top + CONFIG::stride_height> rows_to_go;
    counter<0, area::first_column - area::left + CONFIG::stride_width> columns_to_go;

  public:
    corner() {
#pragma HLS INLINE
        row = area::top;
        rows_to_go = area::first_row - area::top;
        begin_row();
    }

    // Whether a window ends here.
    bool at_output() const {
#pragma HLS INLINE
        return rows_to_go == 0 && columns_to_go == 0;
    }

    // Whether windows end in this row.
    bool in_output_row() const {
#pragma HLS INLINE
        return rows_to_go == 0;
    }

    bool at_row_start() const {
#pragma HLS INLINE
        return column == (in_output_row() ? int(area::left) : 0);
    }

    int at_column() const {
#pragma HLS INLINE
        return column;
    }

    bool in_columns() const {
#pragma HLS INLINE
        return (area::left == 0 || column >= 0) && (area::right == CONFIG::in_width || column < CONFIG::in_width);
    }

    // Whether the map has a value here.
    bool inside() const {
#pragma HLS INLINE
        return in_columns() && (area::top == 0 || row >= 0) &&
               (area::bottom == CONFIG::in_height || row < CONFIG::in_height);
    }

    // Whether the map begins at or above the row that is `up` rows higher.
    bool has_row_above(int up) const {
#pragma HLS INLINE
        return row >= up;
    }

    void next() {
#pragma HLS INLINE
        const bool output_row = rows_to_go == 0;
        if (column == (output_row ? int(area::right) : int(CONFIG::in_width)) - 1) {
            row++;
            if (output_row)
                rows_to_go = CONFIG::stride_height - 1;
            else
                rows_to_go--;
            begin_row();
        } else {
            column++;
            if (columns_to_go == 0)
                columns_to_go = CONFIG::stride_width - 1;
            else
                columns_to_go--;
        }
    }

  private:
    void begin_row() {
#pragma HLS INLINE
        column = rows_to_go == 0 ? int(area::left) : 0;
        columns_to_go = area::first_column - area::left;
    }
};

} // namespace hlsq

#endif
