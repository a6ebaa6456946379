// simulate VECTORS PRODUCTS: what comes out in the cycle behind each vector of five numbers: unit, tap, code, the place
// of its highest bit, form.

#include "Vpe_bench.h"
#include "verilated.h"

#include <cstdint>
#include <cstdio>
#include <memory>

int main(int argc, char **argv) {
    std::FILE *vectors = argc == 3 ? std::fopen(argv[1], "rb") : nullptr;
    std::FILE *products = argc == 3 ? std::fopen(argv[2], "wb") : nullptr;
    if (vectors == nullptr || products == nullptr)
        return 2;
    const std::unique_ptr<VerilatedContext> context{new VerilatedContext};
    const std::unique_ptr<Vpe_bench> top{new Vpe_bench{context.get()}};
    std::int32_t v[5];
    while (std::fread(v, sizeof(v), 1, vectors) == 1) {
        top->unit = v[0];
        top->tap = v[1];
        top->code = v[2];
        top->sign_bit = v[3];
        top->form = v[4];
        top->clk = 0;
        top->eval();
        top->clk = 1;
        top->eval();
        const std::int64_t product = top->product;
        if (std::fwrite(&product, sizeof(product), 1, products) != 1)
            return 2;
    }
    return std::fclose(products) == 0 ? 0 : 2;
}
