// Streams without a body: what is read is not known before the hardware runs.
#ifndef HLS_STREAM_H
#define HLS_STREAM_H
namespace hls {
template <class T, int DEPTH = 0> struct stream {
    stream();
    stream(const char *name);
    T read();
    void write(const T &value);
};
} // namespace hls
#endif
