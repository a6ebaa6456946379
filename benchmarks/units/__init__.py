"""What the units of a design cost: their Verilog, synthesised with Yosys for 7 series, checked, and counted."""
