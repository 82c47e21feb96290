# What the other lanes need.
check install third_party/install.sh --ci
check "install.sh twice, and where it cannot" third_party/install_test.sh
