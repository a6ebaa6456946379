// Integers of an exact width, as the compiler itself has them: operators on them are nodes of the syntax tree.
#ifndef AP_INT_H
#define AP_INT_H
template <int W> struct hls_integer {
    typedef _BitInt(W) s;
    typedef unsigned _BitInt(W) u;
};
template <> struct hls_integer<1> {
    typedef _BitInt(2) s;
    typedef unsigned _BitInt(1) u;
};
template <int W> using ap_int = typename hls_integer<W>::s;
template <int W> using ap_uint = typename hls_integer<W>::u;

// What the classes of that name say of themselves; T::width is read as this.
template <class T> struct hls_width {
    static const int value = T::width;
};
template <int W> struct hls_width<_BitInt(W)> {
    static const int value = W;
};
template <int W> struct hls_width<unsigned _BitInt(W)> {
    static const int value = W;
};
#endif
