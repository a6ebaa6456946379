// A shift to the right by 0 to 3 times STEP in one cycle, that remembers of what falls off the highest bit (a half) and
// whether there was anything below it.
module hlsq_shift_stage #(
    parameter int BITS = 8,
    parameter int STEP = 1
) (
    input logic clk,
    input logic [1:0] amount,
    input logic signed [BITS-1:0] value,
    input logic half,
    input logic below,
    output logic signed [BITS-1:0] shifted,
    output logic shifted_half,
    output logic shifted_below
);
  // Bits of the value from the highest, with signs above and the half below.
  logic [BITS+3*STEP:0] extended;
  assign extended = {{(3 * STEP) {value[BITS-1]}}, value, half};

  always_ff @(posedge clk) begin
    case (amount)
      2'd0: begin
        shifted <= value;
        shifted_half <= half;
        shifted_below <= below;
      end
      2'd1: begin
        shifted <= extended[STEP+1+:BITS];
        shifted_half <= extended[STEP];
        shifted_below <= below || extended[STEP-1:0] != '0;
      end
      2'd2: begin
        shifted <= extended[2*STEP+1+:BITS];
        shifted_half <= extended[2*STEP];
        shifted_below <= below || extended[2*STEP-1:0] != '0;
      end
      default: begin
        shifted <= extended[3*STEP+1+:BITS];
        shifted_half <= extended[3*STEP];
        shifted_below <= below || extended[3*STEP-1:0] != '0;
      end
    endcase
  end
endmodule
