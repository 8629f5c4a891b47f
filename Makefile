# The front door. Every target sets up what it needs: packages of packages.txt, configuration, build.
#   make          build/hone, build/libhone.a, build/libhone.so
#   make demo     trains a tiny model from nothing, teaches it to answer, shows the result (demo-out/report.html)
#   make test     all tests that need nothing from elsewhere; larger sets where HONE_GOLDEN and the like name them
#   make bench    speed, as JSON in bench/out/
#   make install  to PREFIX (default /usr/local), DESTDIR honoured
.PHONY: all packages configure demo test bench install asan tsan clang check fuzz clean
PREFIX ?= /usr/local
JOBS ?= $(shell nproc)

all: configure
	cmake --build build -j $(JOBS)

packages:
	@tools/install-packages packages.txt

configure: packages
	@[ -f build/build.ninja ] || cmake --preset release -DCMAKE_INSTALL_PREFIX=$(PREFIX)

demo: configure
	cmake --build build -j $(JOBS) --target hone
	examples/demo.sh build/hone demo-out

test: all
	tools/run-tests build

bench: all
	bench/run-bench build/hone bench/out

install: all
	cmake --install build --prefix $(PREFIX)

asan tsan clang: packages
	cmake --preset $@ && cmake --build --preset $@ -j $(JOBS)
	tools/run-tests build-$@

check:
	tools/check-house

fuzz: packages
	cmake --preset fuzz && cmake --build --preset fuzz -j $(JOBS)

clean:
	rm -rf build build-* demo-out bench/out
