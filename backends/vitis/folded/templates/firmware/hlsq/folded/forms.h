#ifndef HLSQ_FOLDED_FORMS_H_
#define HLSQ_FOLDED_FORMS_H_

namespace hlsq {
namespace folded {

// How a weight code is read: two's complement; sign and magnitude of an exponent, 0 for zero; a sign alone.
enum form { INTEGER, POWER, SIGN };
// What an engine does with a step.
enum mode { MAC, LANES, SUM, MAX };

} // namespace folded
} // namespace hlsq

#endif
